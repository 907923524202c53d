"""What several shards say together about when the log is complete."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from helix_dash.log.coverage import Interval, common, united
from helix_dash.log.source import Part, joined

intervals = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    min_size=1,
    max_size=6,
).map(lambda pairs: united(pairs, []))


def instants(pairs: list[Interval]) -> set[int]:
    return {instant for start, end in pairs for instant in range(start, end)}


@given(st.lists(intervals, min_size=1, max_size=4))
def test_the_log_is_complete_where_every_shard_that_existed_is(parts: list[list[Interval]]) -> None:
    births = [part[0][0] for part in parts]
    expected = set.intersection(
        *[instants(part) | set(range(min(births), birth)) for part, birth in zip(parts, births, strict=True)]
    )
    found = common(parts)
    assert instants(found) == expected
    assert found == united(found, [])


def test_one_shard_speaks_for_itself() -> None:
    assert common([[(1, 5), (7, 9)]]) == [(1, 5), (7, 9)]


def test_no_shard_says_nothing() -> None:
    assert common([]) == []


def a_part(beat: int | None, *coverage: Interval, behind: int = 0, **stats: int) -> Part:
    beats = {} if beat is None else {"heartbeat": beat}
    return Part((1, b"1-0"), coverage, stats | beats, behind)


def test_counters_add_up_and_the_slowest_fold_tells_the_age() -> None:
    pulse = joined(
        [a_part(50, (0, 50), behind=2, dropped=1), a_part(40, (0, 40), behind=3, dropped=4, late=1)]
    )
    assert (pulse.stats, pulse.behind) == ({"dropped": 5, "late": 1, "heartbeat": 40}, 5)
    assert pulse.coverage == ((0, 40),)


def test_a_shard_nobody_uses_yet_changes_nothing() -> None:
    """LOG_SHARDS was raised a moment ago."""
    assert joined([a_part(50, (0, 50)), a_part(None)]).stats["heartbeat"] == 50
    assert joined([a_part(50, (0, 50)), a_part(None)]).coverage == ((0, 50),)


def test_a_shard_that_is_written_to_and_not_folded_leaves_the_age_unknown() -> None:
    pulse = joined([a_part(50, (0, 50)), a_part(None, behind=1)])
    assert (pulse.coverage, pulse.stats) == ((), {})


def test_the_slowest_shard_tells_the_lag_and_the_latest_loss_its_time() -> None:
    now = 10**12
    shards = [
        a_part(50, dropped_at=7, lag=900, lag_at=now),
        a_part(50, dropped_at=9, lag=4_000, lag_at=now - 10**6),
        a_part(50, lag=10**9, lag_at=now - 3600 * 10**6),  # without traffic for an hour
    ]
    assert joined(shards).stats == {"dropped_at": 9, "lag": 4_000, "lag_at": now, "heartbeat": 50}
