"""Costs given afterwards: what they are, that nothing else changes, and that it all can be taken back."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import DAY, NOW, row, table

from helix_dash.log.cube import cube_of, merge_cubes
from helix_dash.log.recent import richness
from helix_dash.log.repricing import Job, Rule, Tally, open_cells, repriced, unpriced_cells
from helix_dash.log.segment import decode_rows
from helix_dash.log.shard import seal
from helix_dash.money import CLASSES

RATES = {"uncached": "2.5", "cached": "0.25", "cache_write": "3.125", "visible": "10", "reasoning": "10"}
OURS = Rule(0, "ours", RATES, "set by ada on 2026-11-22")
COLUMNS = ("cost_usd", "priced", "cost_source", "cost_rates")


def job(*rules: Rule, **given: Any) -> Job:
    return Job(**{"id": "j", "until": NOW, "on": "2026-11-22", "rules": rules or (OURS,)} | given)


def bare(**known: Any) -> dict[str, Any]:
    """A request of our model that came without a cost."""
    return row(**{"model": "ours", "priced": False, "uncached_tokens": 1000, "visible_tokens": 20} | known)


def after(*rows: dict[str, Any], of: Job | None = None) -> list[dict[str, Any]]:
    return list(repriced(table(rows), of or job()).rows.to_pylist())


def test_a_cost_is_the_sum_over_the_classes_with_its_source_and_its_rates() -> None:
    """H2: the arithmetic can be done again from the row alone."""
    tokens = {f"{name}_tokens": 10**place for place, name in enumerate(CLASSES)}
    (found,) = after(bare(**tokens))
    by_hand = sum(Fraction(RATES[name]) * 10**place for place, name in enumerate(CLASSES)) * 10**6
    assert found["cost_usd"] == by_hand
    assert found["priced"] is True
    assert found["cost_source"] == "set by ada on 2026-11-22, recomputed 2026-11-22"
    assert found["cost_rates"] == "uncached 2.5;cached 0.25;cache_write 3.125;visible 10;reasoning 10"


@pytest.mark.parametrize(
    "known",
    [
        {"cost_usd": 7, "priced": True},
        {"cost_usd": 0, "priced": True},
        {"cost_usd": 7, "priced": False},
        {"status": "error"},
        {"uncached_tokens": 0, "visible_tokens": 0},
        {"uncached_tokens": None, "visible_tokens": None},
        {"model": "theirs"},
        {"model": None},
        {"ingested": NOW + 1},
    ],
)
def test_what_has_a_cost_or_bought_nothing_or_came_later_stays_as_it_is(known: dict[str, Any]) -> None:
    given = bare(**known)
    assert after(given) == table([given]).to_pylist()


def test_a_hit_of_the_gateways_cache_costs_nothing() -> None:
    (found,) = after(bare(cache="semantic", avoided_cost_usd=5))
    assert (found["cost_usd"], found["priced"], found["avoided_cost_usd"]) == (0, True, 5)


def test_a_class_without_a_price_leaves_the_request_unpriced() -> None:
    found = repriced(table([bare(), bare(visible_tokens=0)]), job(Rule(0, "ours", {"uncached": "1"}, "x")))
    assert (found.changed.num_rows, found.left) == (1, 1)


def test_a_cost_beyond_all_bounds_is_none() -> None:
    assert repriced(table([bare(uncached_tokens=2**40)]), job(Rule(0, "ours", RATES | {"uncached": "1000000000"}, "x"))).left == 1  # fmt: skip


def test_the_first_rule_that_fits_and_has_begun_counts() -> None:
    rules = (
        Rule(0, "ours", {"uncached": "1", "visible": "0"}, "a", "team", "search"),
        Rule(NOW - DAY, "ours", {"uncached": "2", "visible": "0"}, "b"),
        Rule(0, "ours", {"uncached": "3", "visible": "0"}, "c", organization="default"),
    )
    given = [bare(team="search"), bare(), bare(time=NOW - 2 * DAY), bare(time=NOW - 2 * DAY, organization="other")]  # fmt: skip
    found = {one["seq"]: one["cost_usd"] for one in after(*given, of=job(*rules))}
    assert [found[one["seq"]] for one in given] == [10**9, 2 * 10**9, 3 * 10**9, None]


def test_an_order_is_about_one_model_and_one_organization() -> None:
    rules = (OURS, Rule(0, "theirs", RATES, "x"))
    given = [bare(), bare(model="theirs"), bare(organization="other")]
    found = repriced(table(given), job(*rules, model="ours", organization="default"))
    assert (found.changed["seq"].to_pylist(), found.left) == ([given[0]["seq"]], 0)


def test_a_price_that_is_no_number_of_picodollars_is_refused() -> None:
    with pytest.raises(ArithmeticError):
        _ = job(Rule(0, "ours", {"uncached": "0.0000001"}, "x")).priced


def test_a_computed_cost_makes_a_row_no_richer_than_its_record() -> None:
    """The richer of two records of one call wins, whenever costs were computed."""
    given = table([bare(), bare(priced=None), bare(priced=True)])
    assert richness(repriced(given, job()).rows).tolist() == richness(given).tolist()


def test_what_a_cube_may_hold_is_never_less_than_what_the_rows_do() -> None:
    rows = table([bare(), bare(model="theirs"), bare(cost_usd=1, priced=True)])
    assert [open_cells(cube_of(rows), one) for one in (job(), job(model="ours"), job(model="none"))] == [2, 1, 0]  # fmt: skip
    assert open_cells(cube_of(rows), job(model="ours", back=True)) == 2
    assert unpriced_cells(cube_of(rows), job(organization="default")) == 2


def test_a_model_that_a_cube_has_folded_may_be_among_the_others() -> None:
    rows = table([*(bare(model=f"m{n:03d}") for n in range(300)), *(bare(model=f"m{n:03d}") for n in range(200))])  # fmt: skip
    cube = cube_of(rows)
    assert open_cells(cube, job(model="m299")) > 0
    assert unpriced_cells(cube, job(model="m299")) == 0


def test_a_tally_is_kept_in_all_its_digits() -> None:
    found = Tally("j").plus(repriced(table([bare(uncached_tokens=1, visible_tokens=0)]), job()).changed)
    assert found.cost == Decimal("0.0000025")
    assert msgspec.json.decode(msgspec.json.encode(found), type=Tally) == found


requests = st.lists(
    st.builds(
        bare,
        model=st.sampled_from(["ours", "theirs", None]),
        organization=st.sampled_from(["default", "other"]),
        provider=st.sampled_from(["a", None]),
        status=st.sampled_from(["success", "success", "error", "cancelled"]),
        cost_usd=st.one_of(st.none(), st.integers(0, 10**15)),
        priced=st.sampled_from([True, False, None]),
        cache=st.sampled_from([None, "miss", "exact"]),
        cached_tokens=st.one_of(st.none(), st.integers(0, 10**6)),
        visible_tokens=st.one_of(st.none(), st.integers(0, 10**6)),
        time=st.integers(NOW - 3 * DAY, NOW),
        ingested=st.integers(NOW - DAY, NOW + DAY),
    ),
    min_size=1,
    max_size=30,
)
prices = st.lists(
    st.builds(
        Rule,
        begins=st.integers(NOW - 4 * DAY, NOW),
        model=st.sampled_from(["ours", "theirs"]),
        rates=st.fixed_dictionaries({"uncached": st.sampled_from(["0", "0.000001", "2.5"])}, optional={"visible": st.just("9.999999"), "cached": st.just("1")}),
        source=st.just("set by ada on 2026-11-22"),
        column=st.sampled_from(["", "provider"]),
        name=st.just("a"),
        organization=st.sampled_from([None, "other"]),
    ),
    max_size=4,
)  # fmt: skip


def by_hand(one: dict[str, Any], of: Job) -> dict[str, Any]:
    """The rule in plain Python."""
    owner = {name: one[name] for name in ("model", "provider", "team", "key_alias", "organization")}
    used = {name: one[f"{name}_tokens"] for name in CLASSES if one[f"{name}_tokens"]}
    open_ = one["status"] == "success" and used and one["cost_usd"] is None and one["ingested"] <= of.until
    wanted = of.model in (None, one["model"]) and of.organization in (None, one["organization"])
    rule = next((each for each in of.rules if each.fits(owner) and each.begins <= one["time"]), None)
    if not (open_ and wanted) or rule is None or not used.keys() <= rule.rates.keys():
        return one
    cost = sum(Fraction(rule.rates[name]) * amount * 10**6 for name, amount in used.items())
    rates = ";".join(f"{name} {rule.rates[name]}" for name in CLASSES if name in rule.rates)
    flag = None if one["priced"] is None else True
    return one | {
        "cost_usd": 0 if one["cache"] == "exact" else int(cost),
        "priced": flag,
        "cost_source": f"{rule.source}, recomputed {of.on}",
        "cost_rates": rates,
    }


@given(requests, prices, st.sampled_from([None, "ours"]), st.sampled_from([None, "other"]))
def test_rows_and_cubes_are_those_of_plain_python_and_doing_it_twice_changes_nothing(
    rows: list[dict[str, Any]], rules: list[Rule], model: str | None, organization: str | None
) -> None:
    asked = job(*rules, model=model, organization=organization) if rules else job(OURS)
    sealed = table(rows)
    found = repriced(sealed, asked)
    assert found.rows.to_pylist() == [by_hand(one, asked) for one in sealed.to_pylist()]
    assert found.rows.schema == sealed.schema
    assert repriced(found.rows, asked).changed.num_rows == 0
    before, now = (merge_cubes([cube_of(one)]).cells for one in (sealed, found.rows))
    gained = sum(found.changed["cost_usd"].to_pylist())
    assert int((pc.sum(now["cost_usd"]).as_py() or 0) - (pc.sum(before["cost_usd"]).as_py() or 0)) == gained
    assert pc.sum(before["unpriced"]).as_py() - pc.sum(now["unpriced"]).as_py() == found.changed.num_rows
    again = decode_rows(seal(found.rows, level=0, now=NOW).rows or b"")
    assert again.to_pylist() == found.rows.to_pylist()


@given(requests, prices)
def test_what_was_taken_back_is_as_it_came(rows: list[dict[str, Any]], rules: list[Rule]) -> None:
    sealed = table([one | {"priced": False if one["cost_usd"] is None and one["priced"] else one["priced"]} for one in rows])  # fmt: skip
    given = repriced(sealed, job(*rules) if rules else job())
    back = repriced(given.rows, job(back=True))
    assert back.rows.to_pylist() == sealed.to_pylist()
    assert back.changed.num_rows == given.changed.num_rows
    assert back.changed["cost_usd"].to_pylist() == given.changed["cost_usd"].to_pylist()
