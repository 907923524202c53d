"""Columns made of others: sums and quotients, the same for every reader as in the plainest Python."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import naive
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import DAY, LAST_DAY, NOW, log_of, over, row

from helix_dash.log.derivation import MOST, Quotient, parts_of
from helix_dash.log.schema import BY_NAME, COLUMNS, LIMITS, STORED
from helix_dash.log.shown import csv_texts
from helix_dash.model import EVERYTHING, Condition, Slice, Sort

DERIVED = [column for column in COLUMNS if column.derived]
QUOTIENTS = ["tpot_ms", "tokens_per_second"]
MICROS = st.one_of(st.none(), st.integers(0, 12), st.sampled_from([999, 1500, 2**32, 2**33, 2**39]))
TOKENS = st.one_of(st.none(), st.integers(0, 5), st.sampled_from([2**31, 2**32 - 1, 2**32, 2**32 + 5, 2**40]))
TRAFFIC = st.lists(
    st.lists(
        st.builds(
            lambda ago, latency, first, visible, reasoning: row(
                NOW - 1 - ago,
                latency_ms=latency,
                ttft_ms=first,
                visible_tokens=visible,
                reasoning_tokens=reasoning,
            ),
            st.integers(0, 3),
            MICROS,
            MICROS,
            TOKENS,
            TOKENS,
        ),
        min_size=1,
        max_size=25,
    ),
    min_size=1,
    max_size=3,
)
EXAMPLES = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


def bound(lines: list[dict[str, Any]], name: str, at: int) -> str:
    """A value that one of ``lines`` has, so that a digit more or less is seen."""
    known = [value for value in _known(lines, name) if value is not None] or [500]
    return str(Decimal(known[at % len(known)]) / 1000)


def _known(lines: list[dict[str, Any]], name: str) -> list[Any]:
    return [naive.value(line, name) for line in lines]


@EXAMPLES
@given(
    segments=TRAFFIC,
    name=st.sampled_from(QUOTIENTS),
    descending=st.booleans(),
    part=st.builds(Slice, st.integers(0, 20), st.integers(1, 20)),
    op=st.sampled_from(["lt", "gte", "in", "not_in", "blank", "not_blank"]),
    at=st.integers(0, 20),
)
def test_a_quotient_sorts_and_filters_as_the_reference_does(
    tmp_path_factory: Any, segments: Any, name: str, descending: bool, part: Slice, op: Any, at: int
) -> None:
    condition = Condition(name, op, () if "blank" in op else (bound([*chain(*segments)], name, at),))
    where, sort = over(NOW - DAY, NOW, condition), Sort(name, descending)
    found = log_of(tmp_path_factory.mktemp("log"), *segments).page(EVERYTHING, where, sort, part)
    expected = naive.matching([*chain(*segments)], EVERYTHING, where, NOW, UTC)
    assert found.total == len(expected)
    assert [line["row_id"] for line in found.rows] == naive.page(expected, sort, part)


@EXAMPLES
@given(segments=TRAFFIC)
def test_a_row_and_its_line_of_csv_show_the_same_quotient(tmp_path_factory: Any, segments: Any) -> None:
    log = log_of(tmp_path_factory.mktemp("log"), *segments)
    lines = {f"{line['producer']}-{line['seq']}": line for line in chain(*segments)}
    shown = log.page(EVERYTHING, LAST_DAY, Sort("time", descending=False), Slice(0, 100)).rows
    batches = log.batches(EVERYTHING, LAST_DAY, QUOTIENTS)
    texts = [line for frame in batches for line in csv_texts(frame, QUOTIENTS).iter_rows()]
    expected = [_known([lines[line["row_id"]]], name)[0] for line in shown for name in QUOTIENTS]
    assert [line[name] for line in shown for name in QUOTIENTS] == [
        None if value is None else value / 1000 for value in expected
    ]
    assert [None if text is None else float(text) for line in texts for text in line] == [
        None if value is None else value / 1000 for value in expected
    ]


@pytest.mark.parametrize(
    ("known", "each", "speed"),
    [
        ({"latency_ms": 1_000_000, "ttft_ms": 300_000, "visible_tokens": 71}, 10.0, 101.429),
        ({"latency_ms": 1_000_000, "ttft_ms": 0, "visible_tokens": 1, "reasoning_tokens": 2}, 500.0, 3.0),
        ({"latency_ms": 1_000_000, "ttft_ms": 0, "visible_tokens": 1}, None, 1.0),
        ({"latency_ms": 1_000_000, "ttft_ms": 0, "visible_tokens": 0}, None, None),
        ({"latency_ms": 1_000_000, "ttft_ms": 0}, None, None),
        ({"latency_ms": 1_000_000, "visible_tokens": 9}, None, None),
        ({"ttft_ms": 1_000_000, "visible_tokens": 9}, None, None),
        ({"latency_ms": 5, "ttft_ms": 5, "visible_tokens": 9}, None, None),
        ({"latency_ms": 5, "ttft_ms": 6, "visible_tokens": 9}, None, None),
        ({"latency_ms": 9, "ttft_ms": 8, "visible_tokens": 2**40, "reasoning_tokens": 2**40}, 0.0, None),
    ],
)
def test_what_is_not_known_is_not_made_up(
    tmp_path: Path, known: dict[str, int], each: float | None, speed: float | None
) -> None:
    """F1.5; what came at once has no speed, and no number of tokens makes one that is out of bounds."""
    shown = log_of(tmp_path, [row(**known)]).page(EVERYTHING, LAST_DAY, Sort(), Slice(0, 1)).rows[0]
    assert (shown["tpot_ms"], shown["tokens_per_second"]) == (each, speed)


def test_no_quotient_can_leave_64_bits() -> None:
    """Whatever its parts hold: the largest that is divided, and half of the largest divisor."""
    for column in DERIVED:
        if isinstance(column.derived, Quotient):
            divisor = sum(LIMITS[BY_NAME[part].kind] for part in parts_of(column.derived.under))
            assert MOST * column.derived.scale + divisor < 2**63


def test_derived_columns_are_made_of_stored_ones() -> None:
    stored = {column.name for column in STORED}
    assert stored.isdisjoint(column.name for column in DERIVED)
    assert stored >= {part for column in DERIVED for part in column.parts}
