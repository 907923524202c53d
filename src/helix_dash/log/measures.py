"""What can be measured over the log: exact whole sums, and one division at the very end.

A *tally* is a whole number that adds up over any split of the requests; a measure is made of tallies. Tallies
are defined twice, over rows and over the cells of a cube, and give the same numbers. Percentiles are apart:
they add up over nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from helix_dash.log.vocabulary import Vocabulary

Number = int | float | None


@dataclass(frozen=True, slots=True)
class Adding:
    """How to add up: what the codes mean, and the integer type that surely holds every sum."""

    vocabulary: Vocabulary
    width: type[pl.Int64] | type[pl.Int128]


Expression = Callable[[Adding], pl.Expr]

TOKENS = ("uncached_tokens", "cached_tokens", "cache_write_tokens", "visible_tokens", "reasoning_tokens")


@dataclass(frozen=True, slots=True)
class Tally:
    """One whole sum.

    Args:
        reads: the stored columns it needs of rows.
        rows: its aggregation over rows.
        cells: its aggregation over cells of cubes.
    """

    reads: tuple[str, ...]
    rows: Expression
    cells: Expression


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure, made of some requests' ``tallies``.

    Args:
        tallies: what ``figure`` takes, in order.
        figure: answers ``None`` where the measure has no meaning; money in 10⁻¹² dollars.
        adds: whether no requests make it 0; a ratio of none has no meaning.
        money: whether it is money.
    """

    tallies: tuple[str, ...]
    figure: Callable[..., Number]
    adds: bool = False
    money: bool = False


def word_is(vocabulary: Vocabulary, column: str, word: str) -> pl.Expr:
    """Whether ``column`` holds ``word``."""
    code = vocabulary.code(column, word)
    return pl.lit(value=False) if code is None else pl.col(column) == code


def succeeded(vocabulary: Vocabulary) -> pl.Expr:
    """Whether a row counts for latencies."""
    return word_is(vocabulary, "status", "success")


def _sum(column: str) -> Expression:
    return lambda adding: pl.col(column).cast(adding.width).sum()


def _known(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int64).fill_null(0)


def _total(column: str) -> Tally:
    return Tally((column,), _sum(column), _sum(column))


def _counted(column: str, word: str) -> Tally:
    return Tally(
        (column,),
        lambda adding: word_is(adding.vocabulary, column, word).sum(),
        lambda adding: pl.when(word_is(adding.vocabulary, column, word)).then(pl.col("requests")).sum(),
    )


def _priced() -> pl.Expr:
    return pl.col("cost_usd").is_not_null() & pl.col("priced").fill_null(value=True)


def _unpriced(adding: Adding) -> pl.Expr:
    tokens = pl.sum_horizontal([_known(column) for column in TOKENS])
    return (succeeded(adding.vocabulary) & ~_priced() & (tokens > 0)).sum()


def _generated(value: pl.Expr) -> Expression:
    def rows(adding: Adding) -> pl.Expr:
        timed = succeeded(adding.vocabulary) & pl.col("latency_ms").is_not_null()
        return pl.when(timed).then(value).cast(adding.width).sum()

    return rows


TALLIES: dict[str, Tally] = {
    "requests": Tally((), lambda _: pl.len(), _sum("requests")),
    "success": _counted("status", "success"),
    "error": _counted("status", "error"),
    "throttled": _counted("status", "throttled"),
    "blocked": _counted("status", "blocked"),
    "cancelled": _counted("status", "cancelled"),
    "cache_hits_exact": _counted("cache", "exact"),
    "cache_hits_semantic": _counted("cache", "semantic"),
    "cache_misses": _counted("cache", "miss"),
    "cache_bypass": _counted("cache", "bypass"),
    "simulated_requests": _counted("source", "simulated"),
    **{column: _total(column) for column in TOKENS},
    "cost_usd": Tally(
        ("cost_usd", "priced"),
        lambda adding: pl.when(_priced()).then(pl.col("cost_usd")).cast(adding.width).sum(),
        _sum("cost_usd"),
    ),
    "avoided_cost_usd": _total("avoided_cost_usd"),
    "priced": Tally(("cost_usd", "priced"), lambda _: _priced().sum(), _sum("priced")),
    "unpriced": Tally(("cost_usd", "priced", "status", *TOKENS), _unpriced, _sum("unpriced")),
    "generated_tokens": Tally(
        ("status", "latency_ms", "visible_tokens", "reasoning_tokens"),
        _generated(_known("visible_tokens") + _known("reasoning_tokens")),
        _sum("generated_tokens"),
    ),
    "generation_ms": Tally(
        ("status", "latency_ms", "ttft_ms"),
        _generated(_known("latency_ms") - _known("ttft_ms")),
        _sum("generation_ms"),
    ),
}


def _plain(*tallies: str) -> Measure:
    return Measure(tallies, lambda *sums: sum(sums), adds=True)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _cost(pico: int, priced: int, unpriced: int) -> int | None:
    # Requests that should have a price, and none that has one: the cost is not known to be 0.
    return None if unpriced and not priced else pico


_ERRORS = ("error", "throttled", "blocked")
_HITS = ("cache_hits_exact", "cache_hits_semantic")

MEASURES: dict[str, Measure] = {
    **{
        name: _plain(name)
        for name in (
            "requests",
            "success",
            "cancelled",
            *_ERRORS,
            *TOKENS,
            *_HITS,
            "cache_misses",
            "cache_bypass",
        )
    },
    "errors": _plain(*_ERRORS),
    "success_rate": Measure(
        ("success", "requests", "cancelled"),
        lambda success, requests, cancelled: _ratio(success, requests - cancelled),
    ),
    "input_tokens": _plain(*TOKENS[:3]),
    "output_tokens": _plain(*TOKENS[3:]),
    "total_tokens": _plain(*TOKENS),
    "cost_usd": Measure(("cost_usd", "priced", "unpriced"), _cost, adds=True, money=True),
    "avoided_cost_usd": Measure(("avoided_cost_usd",), lambda pico: pico, adds=True, money=True),
    "unpriced_requests": _plain("unpriced"),
    "cache_hit_rate": Measure(
        (*_HITS, "cache_misses"),
        lambda exact, semantic, misses: _ratio(exact + semantic, exact + semantic + misses),
    ),
    "simulated_requests": _plain("simulated_requests"),
    "output_tokens_per_second": Measure(
        ("generated_tokens", "generation_ms"),
        lambda tokens, micros: _ratio(tokens * 10**6, micros),
    ),
}

PERCENTILES: dict[str, tuple[str, int]] = {
    **{f"latency_ms_p{percent}": ("latency_ms", percent) for percent in (50, 90, 95, 99)},
    **{f"ttft_ms_p{percent}": ("ttft_ms", percent) for percent in (50, 90, 95, 99)},
}
"""Percentile → the duration column and the percent; over successes, TTFT over streams."""


def measured(vocabulary: Vocabulary, column: str) -> pl.Expr:
    """The rows whose ``column`` counts for a percentile."""
    counts = succeeded(vocabulary) & pl.col(column).is_not_null()
    return counts & pl.col("stream").fill_null(value=True) if column == "ttft_ms" else counts
