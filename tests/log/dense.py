"""Random traffic in which most is known and much coincides: where ranks, ties and sums can go wrong."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st
from reading import DAY, HOUR, MINUTE, NOW, over, row
from test_query_against_reference import ORGANIZATIONS, WORDS, conditions

from helix_dash.log.schema import COLUMNS, Column

_FEW: dict[str, list[Any]] = {
    "word": WORDS,
    "text": ["id-1", "ID-2", "ünique", "a'b\\c", "50%_", "Σίσυφος", "İx"],
    "flag": [True, False],
    "count": [0, 1, 2, 50, 2**32 + 5, 2**40],
    "money": [0, 1, 7 * 10**9, 10**12, 10**18],
    "duration": [0, 1, 999, 1500, 30_000_000, 2**33],
    "share": [0, 1, 500_000, 10**6],
}


def _row(random: Random) -> dict[str, Any]:
    time = random.choice(
        [NOW - random.randrange(3 * DAY), NOW - HOUR, NOW - HOUR, NOW + random.randrange(6 * MINUTE)]
    )
    known = {
        column.name: _value(random, column)
        for column in COLUMNS
        if not (column.required or column.derived or column.stamped) and random.random() < 0.8
    }
    return row(
        time,
        status=random.choice(["success", "success", "success", "error", "throttled", "blocked", "cancelled"]),
        organization=random.choice(ORGANIZATIONS),
        source=random.choice(["simulated", "litellm"]),
        skewed=random.choice([False, time > NOW]),
        ingested=random.choice([time, time + random.randrange(-MINUTE, MINUTE)]),
        producer=random.choice(["00000000000000a1", "ffffffffffffff01"]),
        **known,
    )


def _value(random: Random, column: Column) -> Any:
    if column.kind == "duration" and random.random() < 0.5:
        return random.randrange(10**6)
    return random.choice(column.words or _FEW[column.kind])


def _segments(seed: int, sizes: list[int]) -> list[list[dict[str, Any]]]:
    random = Random(seed)
    return [[_row(random) for _ in range(size)] for size in sizes]


SEGMENTS = st.builds(_segments, st.integers(0, 2**32), st.lists(st.integers(1, 60), min_size=1, max_size=4))
FILTERS = st.builds(
    lambda start, length, tests: over(start, start + length, *tests),
    st.sampled_from([NOW - 4 * DAY, NOW - DAY, NOW - HOUR]),
    st.sampled_from([HOUR, DAY, 5 * DAY, 1000 * DAY]),
    st.one_of(
        st.just([]), st.lists(conditions(), min_size=1, max_size=1), st.lists(conditions(), max_size=2)
    ),
)
