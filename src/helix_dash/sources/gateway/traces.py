"""Where the text of an incident lies in the gateway's store, and how it is taken away: orders that the collector's
leader performs. Texts are compared here and nowhere else; what is told are the names of keys and how many there are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import redis

from helix_dash.errors import HelixError, NotFound
from helix_dash.orders.kinds import PURGE, REVEAL, TRACE
from helix_dash.orders.performer import Perform, Task
from helix_dash.redaction.recognizers import find, plain
from helix_dash.sources.gateway.contract import CACHE, CORE, EXACT, INCIDENTS, NO_ENTRIES, VECTOR, scan, text
from helix_dash.sources.gateway.incidents import ends, parsed, texts_of
from helix_dash.store import reaching

NEAR = 10_000_000
"""Microseconds between a row of the log and an entry of the list that may be about the same request."""
MOST_KEYS = 200_000
MOST_NAMED = 50
_TOGETHER = 200
_LONGEST = 256 * 1024
_SHORTEST = 6
_TEXT_FIELDS = ("prompt", "response", "response_json", "data", "value")
_KINDS = {"exact": EXACT, "vectors": VECTOR, "other": CACHE}


@dataclass(slots=True)
class Lies:
    """Where a text lies.

    Args:
        entries: entries of the gateway's list, as they are.
        keys: ``exact``, ``vectors``, ``other`` → names of keys that hold it.
        fields: fields of :data:`CORE` that hold it.
        scanned: how many keys were looked at.
        cut: whether there are more than are looked at.
        known: whether there was a text to look for at all.
    """

    entries: list[bytes] = field(default_factory=list)
    keys: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in _KINDS})
    fields: list[bytes] = field(default_factory=list)
    scanned: int = 0
    cut: bool = False
    known: bool = False

    def told(self) -> dict[str, Any]:
        """The same in numbers and names: what a receipt may hold."""
        names = [name for kind in _KINDS for name in self.keys[kind]]
        return {
            "list": len(self.entries),
            **{kind: len(found) for kind, found in self.keys.items()},
            "fields": len(self.fields),
            "scanned": self.scanned,
            "cut": self.cut,
            "known": self.known,
            "names": [name for name in names[:MOST_NAMED] if not find(plain(name.rpartition(":")[2]))],
        }


def performers(open_store: Callable[[], redis.Redis], zone: tzinfo) -> dict[str, Perform]:
    """What to do for each kind of order.

    Args:
        open_store: gives a client of the gateway's own store.
        zone: what a time without a zone is meant in.
    """

    def trace(task: Task) -> Any:
        return locate(open_store(), zone, task).told()

    def purge(task: Task) -> Any:
        store = open_store()
        found = locate(store, zone, task)
        return found.told() | {"removed": remove(store, found)}

    def reveal(task: Task) -> Any:
        return _reveal(open_store(), zone, task)

    return {TRACE: trace, PURGE: purge, REVEAL: reveal}


def locate(store: redis.Redis, zone: tzinfo, task: Task) -> Lies:
    """Where the text of the order's incident lies: one walk over the gateway's cache.

    Raises:
        NotFound: the list has no such entry any more.
        StoreUnavailable: a store did not answer.
    """
    entries = _entries(store, zone, task.order.what)
    found = Lies([packed for packed, _ in entries])
    needles = _needles([one for _, body in entries for one in texts_of(body)])
    found.known = bool(needles)
    if not needles:
        return found
    for some in _batches(_cache_keys(store, found)):
        task.tell(found.scanned, None, "looking at the gateway's cache")
        for key, content in zip(some, _contents(store, some), strict=True):
            found.scanned += 1
            if any(needle in content for needle in needles):
                kind = next(kind for kind, prefix in _KINDS.items() if key.startswith(prefix))
                found.keys[kind].append(key)
    for name, content in _core(store):
        task.tell(found.scanned, None, "looking at the gateway's cache")
        found.scanned += 1
        if any(needle in content for needle in needles):
            found.fields.append(name)
    return found


def remove(store: redis.Redis, found: Lies) -> dict[str, int]:
    """Take away what was found; how many of each were there to be taken.

    Raises:
        StoreUnavailable: the store did not answer; what was taken until then stays gone.
    """
    client: Any = store
    gone: dict[str, int] = {}
    with reaching():
        gone["list"] = sum(int(client.lrem(INCIDENTS, 0, packed)) for packed in dict.fromkeys(found.entries))
        for kind, keys in found.keys.items():
            gone[kind] = sum(int(client.unlink(key)) for key in keys)
        gone["fields"] = int(client.hdel(CORE, *found.fields)) if found.fields else 0
    return gone


def _reveal(store: redis.Redis, zone: tzinfo, task: Task) -> dict[str, int]:
    """Tell the texts to whoever listens at the order's channel. They are kept nowhere, also not in the receipt."""
    texts = [one for _, body in _entries(store, zone, task.order.what) for one in texts_of(body)]
    if not texts:
        raise NotFound("The gateway keeps no text of this incident.")
    client: Any = task.store
    with reaching():
        heard = client.publish(str(task.order.what.get("channel")), json.dumps(texts))
    if not heard:
        raise HelixError("Nobody waits for it any more.")
    return {"texts": len(texts)}


def _entries(store: redis.Redis, zone: tzinfo, what: dict[str, Any]) -> list[tuple[bytes, dict[str, Any]]]:
    """The entries of the list that the order is about: the one of that name, or those of the same user and moment.

    Raises:
        NotFound: it names one that is not there any more.
    """
    try:
        packed, _ = ends(store)
    except TypeError:
        packed = []
    kind, _, name = str(what.get("id") or "").partition(":")
    found = []
    seen: dict[str, int] = {}
    for one in packed:
        read = parsed([one], zone).found
        if not read:
            continue
        incident = read[0]
        seen[incident.id] = seen.get(incident.id, 0) + 1
        own = incident.id if seen[incident.id] == 1 else f"{incident.id}-{seen[incident.id]}"
        near = incident.at is not None and abs(incident.at - int(what.get("at") or 0)) <= NEAR
        same = (
            own == name
            if kind == "list"
            else bool(what.get("user")) and incident.user == what["user"] and near
        )
        if same:
            found.append(
                (one if isinstance(one, bytes) else str(one).encode(), json.loads(text(one) or "{}"))
            )
    if kind == "list" and not found:
        raise NotFound("The gateway's list does not hold this incident any more.")
    return found


def _needles(texts: list[str]) -> list[str]:
    """What to look for: the texts themselves, and the values that stand in them."""
    found: dict[str, None] = {}
    for one in texts:
        whole = one.removesuffix("...").strip()
        if len(whole) >= 2 * _SHORTEST:
            found[whole] = None
        for value in find(plain(one)):
            word = plain(one)[value.start : value.end].strip()
            if value.confidence >= 0.5 and len(word) >= _SHORTEST:
                found[word] = None
    return list(found)


def _cache_keys(store: redis.Redis, found: Lies) -> Iterator[str]:
    for number, key in enumerate(scan(store, "helix:")):
        if number == MOST_KEYS:
            found.cut = True
            return
        if key not in NO_ENTRIES and key.startswith(tuple(_KINDS.values())):
            yield key


def _batches(keys: Iterator[str]) -> Iterator[list[str]]:
    some: list[str] = []
    for key in keys:
        some.append(key)
        if len(some) == _TOGETHER:
            yield some
            some = []
    if some:
        yield some


def _contents(store: redis.Redis, keys: list[str]) -> list[str]:
    """What each key holds, as text; pickles are not opened."""
    client: Any = store
    with reaching(), client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.type(key)
        types = pipe.execute(raise_on_error=False)
    with reaching(), client.pipeline(transaction=False) as pipe:
        for key, kind in zip(keys, types, strict=True):
            if kind == b"string":
                pipe.getrange(key, 0, _LONGEST)
            elif kind == b"hash":
                pipe.hmget(key, _TEXT_FIELDS)
            else:
                pipe.exists(key)
        answers = pipe.execute(raise_on_error=False)
    return [_words(answer) for answer in answers]


def _core(store: redis.Redis) -> Iterator[tuple[bytes, str]]:
    client: Any = store
    with reaching():
        if client.type(CORE) != b"hash":
            return
        for name, value in client.hscan_iter(CORE, count=_TOGETHER):
            yield name, _words(value)


def _words(answer: Any) -> str:
    """A text as people wrote it: JSON writes some signs in other ways."""
    if isinstance(answer, list):
        return "\n".join(_words(one) for one in answer)
    words = text(answer[:_LONGEST]) if isinstance(answer, bytes) else None
    if not words:
        return ""
    if words[:1] in '{["':
        try:
            return words + "\n" + json.dumps(json.loads(words), ensure_ascii=False)
        except (ValueError, RecursionError):
            return words
    return words
