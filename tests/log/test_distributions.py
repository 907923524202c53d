"""Distributions over the log equal what plain Python counts."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import naive
import pytest
from reading import HOUR, LAST_DAY, NOW, log_of, over, row

from helix_dash.errors import BadQuery
from helix_dash.metrics import distributions
from helix_dash.metrics.distributions import counted, heat, histogram, percentiles, repeats
from helix_dash.model import EVERYTHING, Condition, Scope

PICO = 10**12


def traffic(count: int = 400, seed: int = 7) -> list[dict[str, Any]]:
    chance = Random(seed)
    rows = []
    for index in range(count):
        stream = chance.random() < 0.5
        latency = chance.randrange(1, 20_000_000)
        rows.append(
            row(
                NOW - HOUR - index,
                model=chance.choice(["a", "b", None]),
                status=chance.choice(["success", "success", "success", "error"]),
                uncached_tokens=chance.choice([None, chance.randrange(5000)]),
                visible_tokens=chance.choice([None, 0, 1, chance.randrange(400)]),
                reasoning_tokens=chance.choice([None, chance.randrange(50)]),
                latency_ms=chance.choice([None, latency]),
                ttft_ms=chance.randrange(latency) if stream else None,
                stream=stream,
                prompt_hash=chance.choice([None, f"h{chance.randrange(60)}"]),
                cost_usd=chance.choice([None, chance.randrange(PICO)]),
                cache=chance.choice([None, "miss", "exact"]),
                batch_size=chance.choice([None, 1, 2, 8]),
            )
        )
    return rows


def tpot(one: dict[str, Any]) -> float | None:
    micros = naive.value(one, "tpot_ms")
    return micros / 1000 if one["status"] == "success" and micros is not None else None


def test_every_request_is_in_one_stretch_below_them_or_unknown(tmp_path: Path) -> None:
    """F2: histograms account for every request."""
    rows = traffic()
    found = histogram(log_of(tmp_path, rows), EVERYTHING, LAST_DAY, "input_tokens", [100, 1000, 3000])
    known = [one["uncached_tokens"] for one in rows if one["uncached_tokens"] is not None]
    assert found.below == sum(number < 100 for number in known)
    assert found.counts[None] == (
        sum(100 <= number < 1000 for number in known),
        sum(1000 <= number < 3000 for number in known),
        sum(number >= 3000 for number in known),
    )
    assert (found.total, found.unknown) == (len(known), len(rows) - len(known))


def test_groups_of_a_histogram_add_up_to_the_whole(tmp_path: Path) -> None:
    log, edges = log_of(tmp_path, traffic()), [0, 500, 2500]
    whole = histogram(log, EVERYTHING, LAST_DAY, "input_tokens", edges).counts[None]
    by_model = histogram(log, EVERYTHING, LAST_DAY, "input_tokens", edges, by="model").counts
    assert set(by_model) == {"a", "b", None}
    assert tuple(map(sum, zip(*by_model.values(), strict=True))) == whole


def test_the_split_into_segments_changes_nothing(tmp_path: Path) -> None:
    rows = traffic()
    one, many = tmp_path / "one", tmp_path / "many"
    one.mkdir()
    many.mkdir()
    logs = log_of(one, rows), log_of(many, rows[:100], rows[100:250], rows[250:])
    answers = [
        (
            histogram(log, EVERYTHING, LAST_DAY, "latency_ms", [0, 100, 1000]),
            percentiles(log, EVERYTHING, LAST_DAY, "tpot_ms", [50, 95], by="model"),
            repeats(log, EVERYTHING, LAST_DAY),
            heat(log, EVERYTHING, LAST_DAY, ("input_tokens", [0, 1000]), ("ttft_ms", [0, 1000, 5000])),
        )
        for log in logs
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("percent", [1, 50, 95, 100])
def test_time_per_output_token_is_at_its_nearest_rank(tmp_path: Path, percent: int) -> None:
    """F1.5"""
    rows = traffic()
    known = sorted(value for one in rows if (value := tpot(one)) is not None)
    found = percentiles(log_of(tmp_path, rows), EVERYTHING, LAST_DAY, "tpot_ms", [percent])
    assert found[None] == (known[-(-len(known) * percent // 100) - 1],)


def test_without_a_stream_there_is_no_time_per_output_token(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(latency_ms=5_000_000, visible_tokens=20, stream=False)])
    assert percentiles(log, EVERYTHING, LAST_DAY, "tpot_ms", [50]) == {None: (None,)}


def test_one_output_token_has_no_time_per_token_after_the_first(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(latency_ms=9, ttft_ms=8, visible_tokens=1, stream=True)])
    assert percentiles(log, EVERYTHING, LAST_DAY, "tpot_ms", [50]) == {None: (None,)}


def test_an_answer_that_came_at_once_has_no_speed(tmp_path: Path) -> None:
    """As from a cache: 0 ms per token would draw the percentiles down."""
    log = log_of(tmp_path, [row(latency_ms=9, ttft_ms=9, visible_tokens=20, stream=True)])
    for name in ("tpot_ms", "tokens_per_second"):
        assert percentiles(log, EVERYTHING, LAST_DAY, name, [50]) == {None: (None,)}


def test_whole_numbers_are_counted_one_by_one(tmp_path: Path) -> None:
    """F2.6"""
    rows = traffic()
    found, different = counted(log_of(tmp_path, rows), EVERYTHING, LAST_DAY, "batch_size")
    sizes = [one["batch_size"] for one in rows if one["batch_size"]]
    assert (dict(found), different) == ({size: sizes.count(size) for size in (1, 2, 8)}, 3)


def test_a_heat_map_holds_the_requests_of_which_both_are_known(tmp_path: Path) -> None:
    rows = traffic()
    found = heat(log_of(tmp_path, rows), EVERYTHING, LAST_DAY, ("input_tokens", [0]), ("ttft_ms", [0]))
    both = [
        one
        for one in rows
        if one["uncached_tokens"] is not None and one["ttft_ms"] is not None and one["status"] == "success"
    ]
    assert found == ((len(both),),)


def naive_repeats(rows: list[dict[str, Any]]) -> dict[tuple[str, Any], list[dict[str, Any]]]:
    groups: dict[tuple[str, Any], list[dict[str, Any]]] = {}
    for one in rows:
        if one["prompt_hash"] and one["status"] == "success" and one["cache"] not in ("exact", "semantic"):
            groups.setdefault((one["prompt_hash"], one["model"]), []).append(one)
    return groups


def test_repeats_are_counted_and_priced_exactly(tmp_path: Path) -> None:
    """F2, X2: what all but the first of a group cost, to the last digit."""
    rows = traffic()
    groups = naive_repeats(rows)
    found = repeats(log_of(tmp_path, rows), EVERYTHING, LAST_DAY, 1000)
    several = {key: ones for key, ones in groups.items() if len(ones) > 1}
    assert (found.groups, found.hashed) == (len(several), sum(map(len, groups.values())))
    assert found.repeated == sum(len(ones) - 1 for ones in several.values())
    for one in found.top:
        costs = [r["cost_usd"] for r in several[one.prompt_hash, one.model] if r["cost_usd"] is not None]
        assert one.wasted == (Decimal(sum(costs) - max(costs)) / PICO if costs else None)
    assert found.wasted == sum(one.wasted or 0 for one in found.top)


def test_repeats_in_many_passes_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = traffic()
    one, many = tmp_path / "one", tmp_path / "many"
    one.mkdir()
    many.mkdir()
    whole = repeats(log_of(one, rows), EVERYTHING, LAST_DAY)
    monkeypatch.setattr(distributions, "_ROWS_AT_ONCE", 50)
    assert repeats(log_of(many, rows), EVERYTHING, LAST_DAY) == whole


def test_unpriced_repeats_are_not_free(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(prompt_hash="h"), row(prompt_hash="h")])
    found = repeats(log, EVERYTHING, LAST_DAY)
    assert (found.repeated, found.wasted, found.top[0].wasted) == (1, None, None)


def test_distributions_stay_within_the_scope_and_the_filter(tmp_path: Path) -> None:
    log = log_of(
        tmp_path,
        [
            row(organization="acme", model="a", uncached_tokens=5),
            row(organization="acme", model="b", uncached_tokens=5),
            row(organization="other", model="a", uncached_tokens=5),
        ],
    )
    where = over(NOW - 24 * HOUR, NOW, Condition("model", "in", ("a",)))
    assert histogram(log, Scope("acme"), where, "input_tokens", [0]).total == 1


def test_an_empty_log_has_empty_distributions(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    assert histogram(log, EVERYTHING, LAST_DAY, "input_tokens", [0]).total == 0
    assert repeats(log, EVERYTHING, LAST_DAY).top == ()
    assert counted(log, EVERYTHING, LAST_DAY, "batch_size") == ([], 0)


def test_an_unknown_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadQuery):
        histogram(log_of(tmp_path, [row()]), EVERYTHING, LAST_DAY, "password", [0])
