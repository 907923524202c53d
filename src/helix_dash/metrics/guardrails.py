"""What the gateway's guardrails did: how many requests each looked at, how many it refused, how long it took.

From single requests: totals of expired ones do not tell their guardrails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from helix_dash.log.query import RequestLog
from helix_dash.model import Condition, Filter, Scope

AMBER, RED = 0.05, 0.15
"""Shares of refused requests from which a guardrail's state is amber and red."""
SLOW, SLOWEST = 50.0, 150.0
"""Milliseconds of added latency above which it is amber and red."""
MOST = 50
UNNAMED = ""
"""Stands for the guardrails of requests that name none."""

_RAN = (Condition("guardrail", "not_blank"), Condition("guardrail", "not_in", ("not_run",)))
_COLUMNS = ("time", "status", "guardrail", "guardrail_name", "guardrail_mode", "guardrail_ms")


@dataclass(frozen=True, slots=True)
class Guardrail:
    """One guardrail.

    Args:
        name: as the gateway names it; :data:`UNNAMED` for those without a name.
        modes: when it looks.
        requests: how many requests it looked at.
        refused: how many of them were refused.
        flagged: let through with a mark.
        silent: how often it did not answer.
        added_ms: the mean time it took, of the requests it looked at alone; ``None`` when none tells it.
        trend: the share refused, per bucket.
    """

    name: str
    modes: tuple[str, ...]
    requests: int
    refused: int
    flagged: int
    silent: int
    added_ms: float | None
    trend: tuple[float | None, ...] = ()

    @property
    def fail_rate(self) -> float:
        """The share of its requests that were refused."""
        return self.refused / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True)
class Guarded:
    """All guardrails of a period.

    Args:
        evaluated: requests that at least one looked at.
        passed: those that were let through without a mark, masked or not.
        refused: those that were refused.
        added_ms: the mean time that guardrails took of a request, of those that tell it.
        names: guardrails that are named.
        each: one by one, the busiest first, at most :data:`MOST`.
        evaluations: per bucket.
    """

    evaluated: int = 0
    passed: int = 0
    refused: int = 0
    added_ms: float | None = None
    names: int = 0
    each: tuple[Guardrail, ...] = ()
    evaluations: tuple[int, ...] = ()

    @property
    def pass_rate(self) -> float | None:
        """``passed`` of ``evaluated``; ``None`` when none was."""
        return self.passed / self.evaluated if self.evaluated else None


def guarded(log: RequestLog, scope: Scope, where: Filter, starts: Sequence[int]) -> Guarded:
    """What guardrails did with the requests of ``where``; buckets begin at ``starts``, microseconds.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
    """

    def compute() -> Guarded:
        parts = [
            _grouped(frame.select(_COLUMNS), starts)
            for frame in log.frames(scope, Filter(where.period, (*where.conditions, *_RAN)), _COLUMNS)
        ]
        return _summed(pl.concat(parts), len(starts)) if parts else Guarded(evaluations=(0,) * len(starts))

    return log.kept(("guardrails", scope, where, tuple(starts)), compute)


def _grouped(frame: pl.DataFrame, starts: Sequence[int]) -> pl.DataFrame:
    places = np.searchsorted(np.asarray(starts, np.int64), frame["time"].to_numpy(), side="right") - 1
    words = [name for name in _COLUMNS if name not in ("time", "guardrail_ms")]
    return (
        frame.with_columns(pl.Series("bucket", np.maximum(places, 0)), pl.col(words).cast(pl.String))
        .group_by("bucket", *words)
        .agg(
            pl.len().alias("requests"),
            pl.col("guardrail_ms").sum().alias("took"),
            pl.col("guardrail_ms").count().alias("told"),
        )
    )


@dataclass(slots=True)
class _Sums:
    requests: int = 0
    refused: int = 0
    flagged: int = 0
    silent: int = 0
    took: int = 0
    told: int = 0
    modes: set[str] = field(default_factory=set)
    looked: dict[int, int] = field(default_factory=dict)
    stopped: dict[int, int] = field(default_factory=dict)


def _summed(groups: pl.DataFrame, buckets: int) -> Guarded:
    each: dict[str, _Sums] = {}
    evaluations, passed, refused, took, told = [0] * max(1, buckets), 0, 0, 0, 0
    for group in groups.iter_rows(named=True):
        many, at, said = group["requests"], group["bucket"], group["guardrail"]
        stopped = group["status"] == "blocked" or said == "intervened"
        evaluations[at] += many
        refused += many if stopped else 0
        passed += many if said == "success" and not stopped else 0
        took, told = took + (group["took"] or 0), told + group["told"]
        names = [name for name in (group["guardrail_name"] or "").split(";") if name] or [UNNAMED]
        for name in names:
            one = each.setdefault(name, _Sums())
            one.requests += many
            one.refused += many if stopped else 0
            one.flagged += many if said == "flagged" else 0
            one.silent += many if said == "failed" else 0
            one.modes |= {mode for mode in (group["guardrail_mode"] or "").split(";") if mode}
            one.looked[at] = one.looked.get(at, 0) + many
            one.stopped[at] = one.stopped.get(at, 0) + (many if stopped else 0)
            if len(names) == 1:  # of several together nobody knows which took how long
                one.took, one.told = one.took + (group["took"] or 0), one.told + group["told"]
    ranked = sorted(each.items(), key=lambda item: (-item[1].requests, item[0]))[:MOST]
    return Guarded(
        sum(evaluations),
        passed,
        refused,
        took / told / 1000 if told else None,
        len(each.keys() - {UNNAMED}),
        tuple(_guardrail(name, sums, buckets) for name, sums in ranked),
        tuple(evaluations),
    )


def _guardrail(name: str, sums: _Sums, buckets: int) -> Guardrail:
    trend = tuple(
        sums.stopped[at] / sums.looked[at] if sums.looked.get(at) else None for at in range(buckets)
    )
    return Guardrail(
        name,
        tuple(sorted(sums.modes)),
        sums.requests,
        sums.refused,
        sums.flagged,
        sums.silent,
        sums.took / sums.told / 1000 if sums.told else None,
        trend,
    )
