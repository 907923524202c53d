"""What one collector asks for all: the stores, the services, and what this product itself has counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import redis

from helix_dash.errors import SourceError, StoreUnavailable
from helix_dash.log.source import Source
from helix_dash.samples import sources as names
from helix_dash.samples.answers import Answer, answers, read
from helix_dash.samples.keys import answers_key
from helix_dash.settings import Settings
from helix_dash.sources import redis_server
from helix_dash.sources.keyspace import Sampler
from helix_dash.sources.liveliness import Liveliness
from helix_dash.sources.polling import Numbers, Question, Told
from helix_dash.store import connect, reaching
from helix_dash.vitals import services
from helix_dash.vitals.keys import BEATS
from helix_dash.vitals.merged import Merged
from helix_dash.vitals.pulse import Beat, decoded
from helix_dash.vitals.services import LEVELS, Service

SOURCE = names.SYSTEM
_OTHERS = (names.SYSTEM, names.FAKEAI, names.KV)
"""The sources whose answers tell of a service."""
_FRESH = 2.0
_FULL = 0.9
_PAUSE = 60 * 10**6


def questions(settings: Settings, store: redis.Redis, clock: Callable[[], int]) -> list[Question]:
    """Everything that is asked.

    Args:
        settings: name the stores and servers.
        store: where our own answers and signs of life are.
        clock: the store's, microseconds since the epoch.
    """
    own = _Own(store)
    asked = [
        *_of_store(names.STORE, names.KEYSPACE, store),
        Question(names.CALLS, names.OWN_EVERY, lambda: own.told("call")),
        Question(names.BROWSERS, names.OWN_EVERY, lambda: own.told("browser")),
        Question(names.SPENT_BY_US, names.OWN_EVERY, own.spent),
        Question(names.SERVICES, names.SERVICES_EVERY, Services(settings, store, clock).ask),
    ]
    if settings.redis_url != settings.log_redis_url:
        gateway = connect(settings.redis_url)
        asked += _of_store(names.GATEWAY_STORE, names.GATEWAY_KEYSPACE, gateway)
    if settings.litellm_url:
        asked.append(Question(names.LITELLM, names.STORE_EVERY, Liveliness(settings.litellm_url).ask))
    return asked


def _of_store(name: str, keyspace: str, store: redis.Redis) -> list[Question]:
    sampler = Sampler(lambda: store)
    return [
        Question(name, names.STORE_EVERY, lambda: redis_server.server(store)),
        Question(keyspace, names.KEYSPACE_EVERY, sampler.ask),
    ]


class _Own:
    """What all our processes have counted, added up."""

    def __init__(self, store: redis.Redis) -> None:
        self._store: Any = store
        self._merged = Merged()
        self._sums: dict[str, float] = {}
        self._looked = float("-inf")

    def _counted(self) -> dict[str, float]:
        if time.monotonic() - self._looked > _FRESH:
            self._sums = self._merged.add(_beats(self._store))
            self._looked = time.monotonic()
        return self._sums

    def told(self, kind: str) -> Told:
        """The counters that begin with ``<kind>:``, by what follows."""
        head = f"{kind}:"
        sums = self._counted()
        return Told(
            {}, Numbers({name.removeprefix(head): n for name, n in sums.items() if name.startswith(head)})
        )

    def spent(self) -> Told:
        """What we asked of the store."""
        sums = self._counted()
        wanted = ("store_commands", "store_trips", "calls_failed", "visits_refused")
        return Told({}, Numbers({name: sums.get(name, 0.0) for name in wanted}))


def _beats(store: Any) -> list[Beat]:
    with reaching():
        return decoded(store.hgetall(BEATS))[0]


class Services:
    """Judges every service there is, and remembers since when each is in its state.

    Args:
        settings: name the servers.
        store: where signs of life and answers are.
        clock: the store's, microseconds since the epoch.
    """

    def __init__(self, settings: Settings, store: redis.Redis, clock: Callable[[], int]) -> None:
        self._settings, self._clock = settings, clock
        self._store: Any = store
        self._log = Source(settings.log_redis_url, settings.log_shards)
        self._before: dict[str, Service] | None = None

    def ask(self) -> Told:
        """The state of every service.

        Raises:
            SourceError: the store that knows did not answer.
        """
        try:
            beats, told = self._read()
            if self._before is None:
                self._before = _kept(answers(self._store, SOURCE).get(names.SERVICES), self._clock())
        except StoreUnavailable as error:
            raise SourceError("unreachable", str(error)) from error
        now = self._clock()
        found = self._of_log(now) + services.of_processes(beats, now) + self._servers(told, now)
        found = services.carried(found, self._before, now)
        self._before = {one.key: one for one in found}
        levels = {f"state|{one.title}": LEVELS[one.state] for one in found if one.state in LEVELS}
        return Told({"services": found}, Numbers(gauges=levels))

    def _of_log(self, now: int) -> list[Service]:
        """The gateway and the way into the log; nothing where the log cannot be read, which its readers tell."""
        try:
            with reaching():
                pulse = self._log.pulse()
        except StoreUnavailable:
            return []
        stats = pulse.stats
        lag = stats["lag"] / 1e6 if "lag" in stats and now - stats["lag_at"] < services.RECENT else None
        return services.of_log(stats.get("heartbeat"), stats.get("lag_at"), lag, pulse.behind, now)

    def _read(self) -> tuple[list[Beat], dict[str, dict[str, Answer]]]:
        pipe = self._store.pipeline(transaction=False)
        pipe.hgetall(BEATS)
        for source in _OTHERS:
            pipe.hgetall(answers_key(source))
        with reaching():
            beats, *found = pipe.execute()
        return decoded(beats)[0], {name: read(one)[0] for name, one in zip(_OTHERS, found, strict=True)}

    def _servers(self, told: Mapping[str, Mapping[str, Answer]], now: int) -> list[Service]:
        settings, own = self._settings, told[names.SYSTEM]
        same = settings.redis_url == settings.log_redis_url
        found = [_of_store_answer("store", "Store", own.get(names.STORE), now, ours=True)]
        if not same:
            gateway = own.get(names.GATEWAY_STORE)
            found.append(_of_store_answer("gateway-store", "Gateway's store", gateway, now, ours=False))
        if settings.litellm_url:
            found.append(
                services.of_answer("litellm", "LiteLLM", own.get(names.LITELLM), names.STORE_EVERY, now)
            )
        if settings.api_url:
            title = "FakeAI (mock)" if settings.api_url == "mock:" else "FakeAI"
            found.append(services.of_several("fakeai", title, told[names.FAKEAI], 60, now))
        for name, _ in settings.kv_metrics_urls:
            found.append(
                services.of_answer(f"kv-{name}", name, told[names.KV].get(name), names.KV_EVERY, now)
            )
        return found


def _of_store_answer(key: str, title: str, answer: Answer | None, now: int, *, ours: bool) -> Service:
    """A store by its last answer; one that answers and cannot do its work is degraded."""
    body = answer.body if answer is not None and isinstance(answer.body, dict) else {}
    facts = body.get("facts")
    facts = facts if isinstance(facts, dict) else {}
    kind = "Valkey" if "valkey_version" in facts else "Redis"
    version = facts.get("valkey_version") or facts.get("redis_version")
    role = {"master": "primary", "slave": "replica"}.get(str(facts.get("role")), "role unknown")
    says = f"{kind} {version}, {role}." if version else ""
    found = services.of_answer(key, title, answer, names.STORE_EVERY, now, says)
    ails = _ails(facts, body.get("used"), ours=ours)
    if found.state != "up" or not ails:
        return found
    return Service(key, title, "degraded", None, found.checked, ails)


def _ails(facts: Mapping[str, Any], used: Any, *, ours: bool) -> str:
    """What keeps an answering store from its work; empty when nothing does. A cache may evict, our log must not go."""
    if facts.get("loading"):
        return "It still reads its data from disk."
    if facts.get("aof_last_write_status", "ok") != "ok":
        return "Its append-only file cannot be written."
    if facts.get("role") == "slave":
        return "It is a replica and takes no writes."
    if not isinstance(used, int | float):
        return ""
    policy = str(facts.get("maxmemory_policy", ""))
    if ours and policy.startswith("allkeys"):
        return f"When it is full it may evict the log ({policy})."
    return f"{used:.0%} of its memory limit is used." if used > _FULL else ""


def _kept(answer: Answer | None, now: int) -> dict[str, Service]:
    """The services of the last collector's last answer: since when they are in their states.

    After a pause nobody knows what happened meanwhile: then nothing is carried on.
    """
    if answer is None or now - answer.asked > _PAUSE:
        return {}
    body = answer.body if isinstance(answer.body, dict) else {}
    return {one.key: one for one in services.read(body)}
