"""Why cost changed between two periods: a waterfall whose steps add up to the change, exactly.

The cost of a period is written as one product per group of requests (a model, first tries and retried ones apart):

    cost = Σ requests × share of the model × share of its retried ones × share not from the gateway's cache
             × tokens per such request × weight of a token × price of a weighted token

Seven factors, seven steps. The factors are put from the earlier value to the later one, one after the other in this
order for all groups; a step is what the sum changes by. So the steps telescope: their sum is the difference of the two
costs, whatever the numbers. A factor that a group has only in one period (a new model) takes that period's value in
both, so that its cost is a change of the mix. All of it is computed in whole numbers and fractions, never in floats.

A token's weight is what its class costs beside uncached input of the same model by the price table (1 where the table
does not know the model), so a larger share of cached or of output tokens is told apart from a change of prices.
Requests without a known price have no cost in either period; they are left out, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import polars as pl

from helix_dash import money
from helix_dash.log.query import RequestLog
from helix_dash.log.schema import PICO
from helix_dash.model import Filter, Scope
from helix_dash.money import CLASSES

STEPS: tuple[tuple[str, str], ...] = (
    ("volume", "Volume"),
    ("mix", "Model mix"),
    ("retries", "Retries"),
    ("cache", "Gateway cache"),
    ("tokens", "Tokens per request"),
    ("classes", "Kinds of tokens"),
    ("price", "Price"),
)
HELP: dict[str, str] = {
    "volume": "more or fewer requests",
    "mix": "another share of each model",
    "retries": "another share of requests that were tried again or fell back",
    "cache": "another share of requests answered from the gateway's cache",
    "tokens": "more or fewer tokens per request that was not",
    "classes": "another share of cached, output and reasoning tokens",
    "price": "another price of one and the same token",
}
TOKENS = tuple(f"{name}_tokens" for name in CLASSES)

MOST_MODELS = 40
OTHERS = "other models"
"""What stands for all models beyond the :data:`MOST_MODELS` that cost most."""

Key = tuple[str | None, bool]
"""A model, and whether its request was tried again or fell back."""


@dataclass(frozen=True, slots=True)
class Group:
    """The requests of one :data:`Key` in one period.

    Args:
        requests: how many.
        paid: those that the gateway's cache did not answer.
        tokens: of the paid ones, by class.
        cost: in 10⁻¹² dollars.
    """

    requests: int
    paid: int
    tokens: tuple[int, ...]
    cost: int


@dataclass(frozen=True, slots=True)
class Change:
    """The change of cost.

    Args:
        before: dollars of the earlier period.
        after: dollars of the later one.
        steps: each of :data:`STEPS` with its dollars; they add up to ``after - before`` exactly.
        models: each model's own change in dollars, largest first.
        left_out: requests without a known price, before and after.
    """

    before: Fraction
    after: Fraction
    steps: tuple[tuple[str, Fraction], ...]
    models: tuple[tuple[str | None, Fraction], ...]
    left_out: tuple[int, int]


Weigh = Callable[[str | None], tuple[Fraction, ...]]
"""Model → what a token of each class weighs."""


def cost_change(log: RequestLog, scope: Scope, where: Filter) -> Change:
    """Why the requests of ``where`` cost another amount than those of the period before.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition cannot be asked.
    """
    earlier = where.during(where.period.previous())

    def compute() -> Change:
        (before, no_price), (after, none) = (_groups(log, scope, one) for one in (earlier, where))
        found = decomposed(before, after, lambda model: weights(model, where.period.end))
        return Change(found.before, found.after, found.steps, found.models, (no_price, none))

    return log.kept(("cost change", scope, where), compute)


def weights(model: str | None, at: datetime) -> tuple[Fraction, ...]:
    """What a token of each class of ``model`` costs beside an uncached one, by the price table at ``at``."""
    rates = money.rates(model, None, at) if model else None
    plain = rates.of("uncached") if rates is not None else None
    if rates is None or not plain:
        return (Fraction(1),) * len(CLASSES)
    each = (rates.of(name) for name in CLASSES)
    return tuple(Fraction(1) if not rate else Fraction(rate) / Fraction(plain) for rate in each)


def _groups(log: RequestLog, scope: Scope, where: Filter) -> tuple[dict[Key, Group], int]:
    """The priced requests by group, and how many successful ones have no price."""
    columns = ["model", "status", "cache", "retries", "fallbacks", "priced", "cost_usd", *TOKENS]
    again = (pl.col("retries").fill_null(0) > 0) | (pl.col("fallbacks").fill_null(0) > 0)
    hit = pl.col("cache").is_in(["exact", "semantic"]).fill_null(value=False)
    used = pl.sum_horizontal(pl.col(name).fill_null(0).cast(pl.Int64) for name in TOKENS) > 0
    known = pl.col("cost_usd").is_not_null() & ~pl.col("priced").eq_missing(other=False)
    no_price = ~known & used & (pl.col("status") == "success").fill_null(value=False)
    found: dict[Key, list[int]] = {}
    left_out = 0
    for frame in log.frames(scope, where, columns):
        marked = frame.select(
            pl.col("model"), again.alias("again"), (~hit).alias("paid"), no_price.alias("no_price"),
            pl.when(known).then(pl.col("cost_usd")).fill_null(0).alias("cost"),
            *(pl.when(~hit).then(pl.col(name)).fill_null(0).alias(name) for name in TOKENS),
        )  # fmt: skip
        left_out += int(marked["no_price"].sum())
        sums = [pl.col(name).cast(pl.Int128).sum() for name in ("paid", *TOKENS, "cost")]
        for row in marked.filter(~pl.col("no_price")).group_by("model", "again").agg(pl.len(), *sums).iter_rows():  # fmt: skip
            told = found.setdefault((row[0], row[1]), [0] * (len(TOKENS) + 3))
            for at, amount in enumerate(row[2:]):
                told[at] += int(amount)
    return {key: Group(one[0], one[1], tuple(one[2:-1]), one[-1]) for key, one in found.items()}, left_out


def decomposed(
    before: Mapping[Key, Group], after: Mapping[Key, Group], weigh: Weigh = lambda _: (Fraction(1),) * 5
) -> Change:
    """The change from ``before`` to ``after`` in steps."""
    before, after = _folded(before, after)
    sides = [_factors(groups, weigh) for groups in (before, after)]
    keys = sorted({*before, *after}, key=lambda key: (key[0] is None, key[0] or "", key[1]))
    then, now = _filled(keys, *sides)
    levels = [sum((_product(now[key][:step] + then[key][step:]) for key in keys), Fraction(0)) for step in range(len(STEPS) + 1)]  # fmt: skip
    steps = tuple((name, levels[at + 1] - levels[at]) for at, (name, _) in enumerate(STEPS))
    models: dict[str | None, Fraction] = {}
    for key in keys:
        moved = _cost(after.get(key)) - _cost(before.get(key))
        models[key[0]] = models.get(key[0], Fraction(0)) + moved
    ranked = sorted(models.items(), key=lambda item: (-abs(item[1]), item[0] or ""))
    return Change(levels[0], levels[-1], steps, tuple(ranked), (0, 0))


def _folded(*sides: Mapping[Key, Group]) -> list[dict[Key, Group]]:
    """Both sides with the models that cost least as one: fractions of very many groups take long to add up."""
    costs: dict[str | None, int] = {}
    for side in sides:
        for (model, _), group in side.items():
            costs[model] = costs.get(model, 0) + group.cost
    apart = set(sorted(costs, key=lambda model: -costs[model])[:MOST_MODELS])
    found: list[dict[Key, Group]] = []
    for side in sides:
        folded: dict[Key, Group] = {}
        for (model, again), group in side.items():
            key = (model if model in apart else OTHERS, again)
            folded[key] = _joined(folded[key], group) if key in folded else group
        found.append(folded)
    return found


def _joined(one: Group, other: Group) -> Group:
    tokens = tuple(a + b for a, b in zip(one.tokens, other.tokens, strict=True))
    return Group(one.requests + other.requests, one.paid + other.paid, tokens, one.cost + other.cost)


Factors = list[Fraction | None]


def _factors(groups: Mapping[Key, Group], weigh: Weigh) -> dict[Key, Factors]:
    """The seven factors of each group; ``None`` where there is nothing to divide by."""
    requests = sum(group.requests for group in groups.values())
    of_model: dict[str | None, int] = {}
    for (model, _), group in groups.items():
        of_model[model] = of_model.get(model, 0) + group.requests
    found: dict[Key, Factors] = {}
    for key, group in groups.items():
        tokens = sum(group.tokens)
        heavy = sum((weight * amount for weight, amount in zip(weigh(key[0]), group.tokens, strict=True)), Fraction(0))  # fmt: skip
        cost = _cost(group)
        each: Factors = [_ratio(group.paid, group.requests), _ratio(tokens, group.paid), _ratio(heavy, tokens), _ratio(cost, heavy)]  # fmt: skip
        if cost and not heavy:
            # billed without a token (a fee, a picture): what is paid for is the request
            each = [Fraction(1), Fraction(1), Fraction(1), cost / group.requests]
        alike = of_model[key[0]]
        found[key] = [Fraction(requests), _ratio(alike, requests), _ratio(group.requests, alike), *each]
    return found


def _filled(
    keys: list[Key], *sides: Mapping[Key, Factors]
) -> tuple[dict[Key, list[Fraction]], dict[Key, list[Fraction]]]:
    """The factors of every key on both sides. What one side lacks takes the other's value, but for how much there is:
    the volume is the side's own, and a share of nothing is 0."""
    volumes = [next((factors[0] for factors in side.values()), None) or Fraction(0) for side in sides]
    then, now = (
        {key: _whole(key, sides[at], sides[1 - at], volumes[at]) for key in keys} for at in range(len(sides))
    )
    return then, now


def _whole(key: Key, side: Mapping[Key, Factors], beyond: Mapping[Key, Factors], volume: Fraction) -> list[Fraction]:  # fmt: skip
    mine, other = side.get(key), beyond.get(key)
    told: Factors = list(mine or other or [])
    if other is not None:
        told = [own if own is not None else theirs for own, theirs in zip(told, other, strict=True)]
    whole = [Fraction(0) if one is None else one for one in told]
    whole[0] = volume
    if mine is None and volume:
        # of a model that is there, only its retried requests, or its first tries, may be missing
        alike = side.get((key[0], not key[1]))
        if alike is None:
            whole[1] = Fraction(0)
        else:
            whole[1], whole[2] = alike[1] or Fraction(0), Fraction(0)
    return whole


def _product(factors: list[Fraction]) -> Fraction:
    found = Fraction(1)
    for factor in factors:
        found *= factor
    return found


def _ratio(part: Fraction | int, whole: Fraction | int) -> Fraction | None:
    return Fraction(part) / Fraction(whole) if whole else None


def _cost(group: Group | None) -> Fraction:
    return Fraction(0) if group is None else Fraction(group.cost, PICO)
