"""The keys of saved views in the store, and the only code that touches them. See docs/redis.md."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

import msgspec
import redis

from helix_dash.auth import audit
from helix_dash.auth.audit import Event
from helix_dash.context import User
from helix_dash.errors import BadQuery, Forbidden, NotFound
from helix_dash.log.keys import APP
from helix_dash.store import reaching

SHARED = APP + "views:shared"
"""hash: view id → JSON of :class:`View`, those shared by all organizations' people."""
DEFAULTS = APP + "views:default"
"""hash: ``account:<name>`` → id of the view that opens for them."""
SHARE = "views:share"
"""The permission to share a view, and to change one that is shared."""

MOST_OWN = 100
MOST_SHARED = 100
"""Shared views of one organization; those of people who see all organizations count as one more."""
MOST_IN_ALL = 1000
LONGEST_NAME = 80


def own_key(owner: str) -> str:
    """hash: view id → JSON of :class:`View`, those of ``owner`` (``account:<name>``) alone."""
    return f"{APP}views:of:{owner}"


class View(msgspec.Struct, frozen=True):
    """A saved view.

    Args:
        id: 16 hexadecimal characters, random.
        name: what people call it.
        owner: who saved it, ``account:<name>``.
        organization: the only organization whose people see it when it is shared; ``None`` is for those who see all.
        shared: whether others see it.
        path: the page, below the prefix: ``/requests``.
        search: its parameters with the question mark, or nothing.
        saved: when, ISO 8601 UTC.
    """

    id: str
    name: str
    owner: str
    organization: str | None
    shared: bool
    path: str
    search: str
    saved: str


def visible(store: redis.Redis, asker: User) -> tuple[list[View], str]:
    """The views that ``asker`` sees, in order of their names, their own first; and the id of the one that opens.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    with reaching(), store.pipeline(transaction=False) as several:
        several.hvals(own_key(asker.key))
        several.hvals(SHARED)
        several.hget(DEFAULTS, asker.key)
        own, shared, chosen = several.execute()
    found = [view for packed in (*own, *shared) if (view := _unpacked(packed)) and _sees(asker, view)]
    found.sort(key=lambda view: (view.shared, view.name.casefold(), view.id))
    return found, chosen.decode("ascii", "replace") if isinstance(chosen, bytes) else ""


def default(store: redis.Redis, asker: User) -> View | None:
    """The view that opens when ``asker`` opens the app; ``None`` when they chose none, or it is gone.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    with reaching():
        chosen = store.hget(DEFAULTS, asker.key)
    if not isinstance(chosen, bytes):
        return None
    try:
        return _find(store, asker, chosen.decode("ascii", "replace"))
    except NotFound:
        return None


def save(
    store: redis.Redis, asker: User, name: str, path: str, search: str, *, shared: bool, by: Event
) -> View:
    """Keep an address under ``name``.

    Args:
        store: where.
        asker: whose it is.
        name: not yet that of another one in the same list.
        path: a page of the app, checked.
        search: its parameters, checked.
        shared: whether others see it.
        by: who asks and from where, for the audit record.

    Raises:
        Forbidden: it shall be shared, and that is not theirs to do.
        BadQuery: the name will not do, or there are too many views.
        StoreUnavailable: the store did not answer; nothing was saved.
    """
    if shared and SHARE not in asker.permissions:
        raise Forbidden(SHARE)
    view = View(
        id=secrets.token_hex(8),
        name=checked_name(name),
        owner=asker.key,
        organization=asker.organization,
        shared=shared,
        path=path,
        search=search,
        saved=datetime.now(UTC).isoformat(timespec="seconds"),
    )

    def plan(reader: audit.Reader) -> audit.Change:
        others = [other for packed in reader.hvals(_key(view)) if (other := _unpacked(packed))]
        _need_room(view, others)
        _need_free_name(view, others)
        return lambda queue: queue.hset(_key(view), view.id, msgspec.json.encode(view))

    audit.append(store, _told(by, "view.saved", view), plan, watch=_key(view))
    return view


def rename(store: redis.Redis, asker: User, identity: str, name: str, *, by: Event) -> View:
    """Give a view another name.

    Raises:
        NotFound: there is none of that id that ``asker`` sees.
        Forbidden: it is shared, and not theirs to change.
        BadQuery: the name will not do.
        StoreUnavailable: the store did not answer; nothing was changed.
    """
    renamed = msgspec.structs.replace(_theirs(store, asker, identity), name=checked_name(name))

    def plan(reader: audit.Reader) -> audit.Change:
        others = [other for packed in reader.hvals(_key(renamed)) if (other := _unpacked(packed))]
        if all(other.id != identity for other in others):
            raise NotFound("There is no such view.")
        _need_free_name(renamed, others)
        return lambda queue: queue.hset(_key(renamed), identity, msgspec.json.encode(renamed))

    audit.append(store, _told(by, "view.renamed", renamed), plan, watch=_key(renamed))
    return renamed


def delete(store: redis.Redis, asker: User, identity: str, *, by: Event) -> None:
    """Take a view away.

    Raises:
        NotFound: there is none of that id that ``asker`` sees.
        Forbidden: it is shared, and not theirs to change.
        StoreUnavailable: the store did not answer; nothing was changed.
    """
    view = _theirs(store, asker, identity)

    def plan(_reader: audit.Reader) -> audit.Change:
        return lambda queue: queue.hdel(_key(view), identity)

    audit.append(store, _told(by, "view.deleted", view), plan, watch=_key(view))


def set_default(store: redis.Redis, asker: User, identity: str, *, chosen: bool, by: Event) -> View:
    """Let a view open when ``asker`` opens the app, or no longer.

    Raises:
        NotFound: there is none of that id that they see.
        StoreUnavailable: the store did not answer; nothing was changed.
    """
    view = _find(store, asker, identity)

    def plan(_reader: audit.Reader) -> audit.Change:
        if chosen:
            return lambda queue: queue.hset(DEFAULTS, asker.key, view.id)
        return lambda queue: queue.hdel(DEFAULTS, asker.key)

    action = "view.chosen" if chosen else "view.unchosen"
    audit.append(store, _told(by, action, view), plan, watch=DEFAULTS)
    return view


def checked_name(name: str) -> str:
    """``name`` as it is kept.

    Raises:
        BadQuery: it is empty, too long, or holds characters that do not print.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadQuery("name", f"A name has 1 to {LONGEST_NAME} printable characters.")
    return name


def _sees(asker: User, view: View) -> bool:
    """An address names users, teams and models: people of one organization never see those of another."""
    if not view.shared:
        return view.owner == asker.key
    return asker.organization is None or view.organization == asker.organization


def _find(store: redis.Redis, asker: User, identity: str) -> View:
    with reaching(), store.pipeline(transaction=False) as both:
        both.hget(own_key(asker.key), identity)
        both.hget(SHARED, identity)
        found = [view for packed in both.execute() if (view := _unpacked(packed)) and _sees(asker, view)]
    if not found:
        raise NotFound("There is no such view.")
    return found[0]


def _theirs(store: redis.Redis, asker: User, identity: str) -> View:
    view = _find(store, asker, identity)
    if view.shared and SHARE not in asker.permissions:
        raise Forbidden(SHARE)
    return view


def _need_room(view: View, others: list[View]) -> None:
    if not view.shared:
        if len(others) >= MOST_OWN:
            raise BadQuery("name", f"You can keep {MOST_OWN} views; please delete one first.")
        return
    same = sum(other.organization == view.organization for other in others)
    if same >= MOST_SHARED or len(others) >= MOST_IN_ALL:
        raise BadQuery("name", f"There are {same} shared views; please delete one first.")


def _need_free_name(view: View, others: list[View]) -> None:
    for other in others:
        same = other.name.casefold() == view.name.casefold() and other.organization == view.organization
        if same and other.id != view.id:
            raise BadQuery("name", f"There is a view called {other.name} already.")


def _key(view: View) -> str:
    return SHARED if view.shared else own_key(view.owner)


def _told(by: Event, action: str, view: View) -> Event:
    detail = f"{'shared' if view.shared else 'personal'}: {view.name}"
    return msgspec.structs.replace(by, action=action, object=f"view:{view.id}", detail=detail)


def _unpacked(packed: Any) -> View | None:
    """The view in ``packed``; a damaged record is none."""
    if not isinstance(packed, bytes):
        return None
    try:
        return msgspec.json.decode(packed, type=View)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
