"""Cubes: exact sums, honest histograms, and nothing lost by adding them up."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from helix_dash.log.cube import (
    OTHER,
    QUARTER,
    Cube,
    bucket_of,
    bucket_value,
    cube_of,
    decode_cube,
    encode_cube,
    merge_cubes,
)
from helix_dash.log.schema import PICO
from helix_dash.model import us_from_utc
from request_records import a_request, rows_of


def cells(cube: Cube) -> list[dict[str, Any]]:
    return sorted(cube.cells.to_pylist(), key=lambda cell: str(cell))


def test_a_cell_holds_the_quarter_hour_its_requests_ended_in() -> None:
    cube = cube_of(rows_of(a_request(14.99), a_request(15), a_request(29)))
    counts = {cell["quarter"]: cell["requests"] for cell in cube.cells.to_pylist()}
    noon = us_from_utc(datetime(2026, 3, 10, 12, tzinfo=UTC))
    assert counts == {noon: 1, noon + QUARTER: 2}


def test_sums_and_counts_are_those_of_the_rows() -> None:
    (cell,) = cube_of(
        rows_of(
            a_request(ttft_ms=50.0, reasoning_tokens=5),
            a_request(cost_usd=None, priced=False, latency_ms=None),
            a_request(cost_usd=None, priced=None, uncached_tokens=None, visible_tokens=None),
        )
    ).cells.to_pylist()
    wanted = {
        "requests": 3,
        "priced": 1,
        "unpriced": 1,
        "timed": 2,
        "streamed": 1,
        "uncached_tokens": 200,
        "visible_tokens": 40,
        "reasoning_tokens": 5,
        "latency_ms": 500_000,
        "ttft_ms": 50_000,
        "generated_tokens": 25,
        "generation_ms": 450_000,
        "cost_usd": Decimal(PICO // 1000),
    }
    assert {name: cell[name] for name in wanted} == wanted


def test_only_successes_have_a_latency() -> None:
    cube = cube_of(rows_of(a_request(status="error"), a_request(status="cancelled")))
    assert sum(cell["timed"] for cell in cube.cells.to_pylist()) == 0
    assert cube.histograms.num_rows == 0


def test_an_unknown_word_is_a_group_of_its_own() -> None:
    cube = cube_of(rows_of(a_request(model=None), a_request(model="m")))
    assert {cell["model"] for cell in cube.cells.to_pylist()} == {None, "m"}


def test_money_is_summed_beyond_64_bits() -> None:
    cube = cube_of(rows_of(*[a_request(cost_usd=Decimal(1_000_000))] * 12))
    assert cube.cells["cost_usd"].to_pylist() == [Decimal(12_000_000 * PICO)]


def test_merged_cubes_are_the_cube_of_all_rows() -> None:
    parts = [[a_request(n, model=f"m{n % 3}", status=s) for n in range(40)] for s in ("success", "error")]
    merged = merge_cubes([cube_of(rows_of(*part)) for part in parts])
    whole = cube_of(rows_of(*parts[0], *parts[1]))
    assert cells(merged) == cells(whole)
    assert sorted(map(str, merged.histograms.to_pylist())) == sorted(map(str, whole.histograms.to_pylist()))


def test_a_cube_comes_back_as_it_went_in() -> None:
    cube = cube_of(rows_of(*[a_request(model=f"m{n}") for n in range(300)]), daily=True)
    back = decode_cube(encode_cube(cube))
    assert back.cells.equals(cube.cells)
    assert back.days.equals(cube.days)
    assert back.histograms.equals(cube.histograms)
    assert back.folded == cube.folded


def test_totals_per_day_and_user_add_up_over_merged_cubes() -> None:
    """Issue C: daily top users, kept when rows expire."""
    parts = [[a_request(60 * n, user=f"u{n % 5}") for n in range(first, first + 30)] for first in (0, 10)]
    merged = merge_cubes([cube_of(rows_of(*part), daily=True) for part in parts])
    whole = cube_of(rows_of(*parts[0], *parts[1]), daily=True)
    assert sorted(map(str, merged.days.to_pylist())) == sorted(map(str, whole.days.to_pylist()))
    assert sum(day["requests"] for day in whole.days.to_pylist()) == 60
    assert len({day["quarter"] for day in whole.days.to_pylist()}) == 3
    assert not cube_of(rows_of(*parts[0])).days.num_rows


def test_values_beyond_255_are_folded_into_other_which_says_how_many() -> None:
    records = [a_request(model=f"m{n}") for n in range(300)] + [a_request(model="m299")]
    cube = cube_of(rows_of(*records))
    counts = {cell["model"]: cell["requests"] for cell in cube.cells.to_pylist()}
    assert len(counts) == 255
    assert counts["m299"] == 2
    assert counts[OTHER] == cube.folded["model"] == 46
    assert sum(counts.values()) == 301
    assert sum(row["n"] for row in cube.histograms.to_pylist()) == 301


@pytest.mark.parametrize("milliseconds", [1, 1.7, 42, 999, 30_000, 599_000])
def test_a_bucket_stands_for_its_durations_within_2_63_percent(milliseconds: float) -> None:
    us = round(milliseconds * 1000)
    (bucket,) = bucket_of(np.array([us]))
    assert abs(bucket_value(int(bucket)) / us - 1) <= 0.0264


def test_durations_outside_the_histogram_fall_into_its_outer_buckets() -> None:
    assert bucket_of(np.array([0, 999, 600_000_000, 10**12])).tolist() == [0, 0, 255, 255]
