"""What the running app lends to the code it runs: the log, the asker, the settings.

One process may run several apps, even within one Flask server; which one is meant follows from the request,
and this is the only place that knows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import redis
from flask import g

from helix_dash.errors import Forbidden, NotSignedIn
from helix_dash.log.query import RequestLog
from helix_dash.metrics.last_known import LastKnown
from helix_dash.metrics.pace import Pace
from helix_dash.model import Scope
from helix_dash.query_params import asked_zone
from helix_dash.recall import Recalling
from helix_dash.settings import Settings
from helix_dash.vitals.lines import LineTail
from helix_dash.zones import Zone


@dataclass(frozen=True, slots=True)
class User:
    """Who asks: an account, or an API token.

    Args:
        name: the account's or the token's name.
        role: a role of the policy table.
        organization: the only organization they may see; ``None`` for all.
        permissions: what the policy table gives to the role.
        kind: ``account`` or ``token``; the two may have the same name.
    """

    name: str
    role: str
    organization: str | None
    permissions: frozenset[str]
    kind: str = "account"

    @property
    def key(self) -> str:
        """One text per asker, for what belongs to somebody (exports)."""
        return f"{self.kind}:{self.name}"


@dataclass(slots=True)
class Running:
    """One app as it runs.

    Args:
        settings: its settings.
        prefix: the path it is served under, with a slash at both ends.
        store: a client of the store that keeps accounts, sessions and the log.
        open_log: opens the log; called once, when it is first needed, in the process that needs it.
        pages: path below the prefix → permission to see it.
        known: what pages over samples read last, for all viewers of this process.
        reading: a client of the same store for what pages show, see :mod:`helix_dash.recall`.
        tail: the newest log lines.
        pace: how often open pages refresh.
    """

    settings: Settings
    prefix: str
    store: redis.Redis
    open_log: Callable[[Settings], RequestLog]
    pages: dict[str, str] = field(default_factory=dict)
    known: LastKnown[Any] = field(default_factory=LastKnown)
    reading: Recalling = field(init=False)
    tail: LineTail = field(init=False)
    pace: Pace = field(default_factory=Pace)
    _log: RequestLog | None = None
    _opening: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.reading = Recalling(self.store, _recalled)
        self.tail = LineTail(self.store)

    def log(self) -> RequestLog:
        """The log, opened when it is first asked for: a process that forks must not have used polars."""
        with self._opening:
            if self._log is None:
                self._log = self.open_log(self.settings)
            return self._log

    @property
    def address(self) -> str:
        """The path browsers know it by: a proxy may take the beginning away before it asks us."""
        return self.settings.proxy_prefix + self.prefix

    def path(self, name: str = "") -> str:
        """The address of ``name`` in this app, for a browser."""
        return self.address + name.lstrip("/")


def _recalled(at: float) -> None:
    """Note that the answer to the present request knows something as of ``at``, epoch seconds: ui/fill.py tells it."""
    g.helix_recalled = min(at, g.get("helix_recalled", at))


def running() -> Running:
    """The app that answers the present request."""
    return cast("Running", g.helix_dash)


def settings() -> Settings:
    """Its settings."""
    return running().settings


def store() -> redis.Redis:
    """A client of the store for who changes something there, and what must not be answered out of memory."""
    return running().store


def reading() -> redis.Redis:
    """A client of the store for what a page shows of it beside the log: tables of operators, samples, answers.

    While the store is away it answers what this process read last, and the page says of when that is.
    """
    return running().reading


def log() -> RequestLog:
    """Its request log. Its days begin in the reporting zone; ``log().in_zone(zone(state).info)`` in another."""
    return running().log()


def zone(state: Mapping[str, Any] | None = None) -> Zone:
    """The zone of a page: what its state names (``?zone=Europe/Berlin``), else the reporting zone of the setting.

    Days and weeks begin in it, times are written in it, and a time without a zone is meant in it.

    Raises:
        BadQuery: the state names a zone that is none.
    """
    return asked_zone(state, settings().reporting)


def user() -> User:
    """Who asks.

    Raises:
        NotSignedIn: nobody is signed in.
    """
    found = asker()
    if found is None:
        raise NotSignedIn("Please sign in.")
    return found


def asker() -> User | None:
    """Who asks; ``None`` when nobody is signed in."""
    return cast("User | None", g.get("helix_user"))


def scope() -> Scope:
    """What the asker may see of the log.

    Raises:
        NotSignedIn: nobody is signed in.
    """
    return Scope(organization=user().organization)


def may(permission: str) -> bool:
    """Whether the asker holds ``permission``; nobody holds none."""
    found = asker()
    return found is not None and permission in found.permissions


def need(permission: str) -> None:
    """Go on only when the asker holds ``permission``.

    Raises:
        NotSignedIn: nobody is signed in.
        Forbidden: it is not theirs.
    """
    if permission not in user().permissions:
        raise Forbidden(permission)


def open_log(settings: Settings) -> RequestLog:
    """The request log that ``settings`` name: as this host's mirror has it, or ClickHouse."""
    if settings.log_backend == "clickhouse":
        from helix_dash.log.clickhouse.database import Database
        from helix_dash.log.clickhouse.log import ClickHouseLog
        from helix_dash.log.clickhouse.view import LoadedView

        view = LoadedView(settings.log_redis_url, Database.at(settings.clickhouse_url))
        return ClickHouseLog(view, settings.zone, settings.max_data_points)

    from helix_dash.log.mirror import Mirror

    mirror = Mirror(settings.log_redis_url, settings.cache_dir, shards=settings.log_shards)
    return RequestLog(mirror, settings.zone, settings.max_data_points)


def followed_log(settings: Settings) -> RequestLog:
    """The same, kept fresh from a thread of this process for as long as it lives."""
    from helix_dash.log.follow import Follower

    log = open_log(settings)
    Follower(log).start()
    return log
