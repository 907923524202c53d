"""What a Helix gateway itself counted per user, beside what the log sums up for the same days.

The gateway keeps dollars per user and day of its own calendar; its days and the log's may begin at other hours, it
counts nothing it has no price for, and it began when it was installed: so the two may differ, and by how much is shown.
The collector reads its keys (source ``gateway``, question ``survey``); here only what it kept is read, in one command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

import redis

from helix_dash.log.query import RequestLog
from helix_dash.metrics.people import standings
from helix_dash.model import Filter, Period, Scope
from helix_dash.samples.answers import Answer, answers

SOURCE, SURVEY = "gateway", "survey"
DAYS = 30
"""Days, today among them, that are laid beside each other."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One user's dollars of the last :data:`DAYS` days.

    Args:
        name: as the gateway names them.
        counter: what the gateway counted.
        all_time: the same since it began.
        ledger: what the log sums up; ``None`` when it has no priced request of theirs.
    """

    name: str
    counter: float
    all_time: float
    ledger: float | None

    @property
    def difference(self) -> float | None:
        """The counter less the log's sum."""
        return None if self.ledger is None else self.counter - self.ledger


@dataclass(frozen=True, slots=True)
class GatewayUsers:
    """All that the gateway told of its users.

    Args:
        answer: its last answer; ``None`` when it was never asked.
        users: those of whom it told, the one who spent most lately first.
        more: how many more there are.
        left_out: reason → values that could not be read.
        hidden: whether it is not the asker's to see: its counters know no organization.
    """

    answer: Answer | None = None
    users: tuple[Counted, ...] = ()
    more: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    hidden: bool = False


def gateway_users(
    log: RequestLog, store: redis.Redis, scope: Scope, now: datetime, zone: tzinfo
) -> GatewayUsers:
    """The gateway's users beside the log's, whatever is filtered: the counters know no filter.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    if scope.organization is not None:
        return GatewayUsers(hidden=True)
    answer = answers(store, SOURCE).get(SURVEY)
    told = _mapping(_mapping(answer.body if answer else None).get("users"))
    pairs = {who: _pair(value) for who, value in _mapping(told.get("top")).items()}
    if not any(pairs.values()):
        return GatewayUsers(answer, left_out=_mapping(told.get("left_out")))
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    month = Period(midnight - timedelta(days=DAYS - 1), midnight + timedelta(days=1))
    ledger = {one.name: one.cost for one in standings(log, scope, Filter(month), "user").all}
    users = tuple(
        Counted(who, pair[1], pair[0], ledger.get(who)) for who, pair in pairs.items() if pair is not None
    )
    others = told.get("others")
    return GatewayUsers(
        answer,
        tuple(sorted(users, key=lambda one: (-one.counter, -one.all_time, one.name))),
        others if isinstance(others, int) else 0,
        _mapping(told.get("left_out")),
    )


def _pair(value: Any) -> tuple[float, float] | None:
    """(all time, last thirty days) in dollars."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    first, second = value
    if any(isinstance(one, bool) or not isinstance(one, int | float) or one < 0 for one in value):
        return None
    return float(first), float(second)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
