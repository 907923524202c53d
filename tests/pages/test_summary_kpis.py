"""Cards that are made of several figures, and the period before beside the present one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from made_up_log import MadeUpLog

from helix_dash.log.query import RequestLog, Series
from helix_dash.metrics.periods import aligned
from helix_dash.metrics.ranks import rank_order
from helix_dash.metrics.summary import _KPIS, kpis, requests_per_minute
from helix_dash.model import EVERYTHING, Filter, Period, us_from_utc

NOW = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
WHERE = Filter(Period(NOW - timedelta(hours=2), NOW))
HOUR = 3_600_000


class Known(MadeUpLog):
    """The same figure for every measure, known up to ``as_of``."""

    as_of = us_from_utc(NOW)

    def health(self) -> Any:
        return type("Health", (), {"as_of": self.as_of})()


def _log(figure: float | int | None = 4, buckets: int = 2) -> Any:
    log = Known({"model": [("a", 3), ("b", 1)]}, buckets)
    answer = log.series

    def series(*args: Any) -> Series:
        found = answer(*args)
        values = {name: [[figure for _ in line] for line in lines] for name, lines in found.values.items()}
        return replace(found, values=values) if not args[2] else found

    log.series = series  # type: ignore[method-assign]
    return log


def _card(name: str, figure: float | int | None = 4) -> Any:
    found = kpis(cast("RequestLog", _log(figure)), EVERYTHING, WHERE)
    return next(kpi for kpi in found if kpi.name == name)


def test_cost_per_request_is_cost_over_requests_and_so_is_its_course() -> None:
    """pages.md 1: cost/request."""
    card = _card("cost_usd_per_request")
    assert (card.value, card.before, card.trend) == (1.0, 1.0, (1.0, 1.0))


def test_without_a_known_cost_there_is_none_per_request_and_the_reason_is_told() -> None:
    card = _card("cost_usd_per_request", None)
    assert (card.value, card.reason) == (None, "nothing was recorded")


def test_unpriced_requests_say_what_share_they_are() -> None:
    """pages.md 1: unpriced %."""
    assert _card("unpriced_requests").note == "100.0% of requests"


def test_every_card_has_one_name() -> None:
    names = [name for name, *_ in _KPIS]
    assert len(names) == len(set(names))


def test_requests_per_minute_is_the_mean_of_the_last_whole_minutes_whatever_the_range() -> None:
    """pages.md 1: req/min now."""
    log = _log(6, 60)
    card = requests_per_minute(log, EVERYTHING, WHERE, NOW)
    ((where, _, bucket, _),) = log.asked
    assert (card.value, bucket) == (6, "minute")
    assert where.period == Period(
        NOW.replace(second=0) - timedelta(hours=1), NOW.replace(second=0)
    )  # not of the range, and without the minute that has just begun


def test_where_nothing_was_recorded_requests_per_minute_are_unknown() -> None:
    card = requests_per_minute(_log(None, 60), EVERYTHING, WHERE, NOW)
    assert (card.value, card.reason) == (None, "nothing was recorded")


def test_models_are_ranked_over_30_days_whatever_is_filtered() -> None:
    """visual.md 4: a model's colour hangs on its rank over the last 30 days."""
    log = _log()
    assert rank_order(log, EVERYTHING, "model", NOW) == ("a", "b")
    ((where, _, _, _),) = log.asked
    assert where.conditions == ()
    assert where.period.length == timedelta(days=31)


# --- the period before --------------------------------------------------------------------------------------


def _series(starts: list[int], values: list[float]) -> Series:
    return Series(tuple(starts), ((),), {"requests": [list(values)]})


def _period(hours: int, end: int = 0) -> Period:
    start = datetime(2026, 1, 2, tzinfo=UTC)
    return Period(start, start + timedelta(hours=hours))


def _ms(hour: int) -> int:
    return us_from_utc(datetime(2026, 1, 2, tzinfo=UTC)) // 1000 + hour * HOUR


def test_each_bucket_stands_beside_the_one_a_period_earlier() -> None:
    now = _series([_ms(0), _ms(1), _ms(2)], [1, 2, 3])
    before = _series([_ms(-3), _ms(-2), _ms(-1)], [7, 8, 9])
    found = aligned(before, now, _period(3))
    assert (found.starts, found.values["requests"]) == (now.starts, [[7, 8, 9]])


def test_a_period_before_with_fewer_buckets_leaves_gaps_and_shifts_nothing() -> None:
    now = _series([_ms(0), _ms(1), _ms(2)], [1, 2, 3])
    before = _series([_ms(-2), _ms(-1)], [8, 9])
    assert aligned(before, now, _period(3)).values["requests"] == [[None, 8, 9]]


def test_a_day_of_25_hours_does_not_move_the_days_after_it() -> None:
    """F16."""
    now = _series([_ms(0), _ms(24), _ms(48)], [1, 2, 3])
    before = _series([_ms(-73), _ms(-48), _ms(-24)], [7, 8, 9])
    assert aligned(before, now, _period(72)).values["requests"] == [[7, 8, 9]]
