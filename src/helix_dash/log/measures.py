"""What can be measured over the log: exact whole sums, and one division at the very end.

A *tally* is a whole number that adds up over any split of the requests; a measure is made of tallies. Tallies
are defined twice, over rows and over the cells of a cube, and give the same numbers. Percentiles are apart:
they add up over nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt
import polars as pl

from helix_dash.log.held import FALSE, Integers, Verdict, both, opposite
from helix_dash.log.vocabulary import Vocabulary

Number = int | float | None


class Rows(Protocol):
    """Some rows of one segment."""

    vocabulary: Vocabulary

    def values(self, column: str) -> Integers:
        """Numbers in inner units, 0 where unknown."""

    def scaled(self, column: str) -> tuple[Whole, int]:
        """Numbers of any width, 0 where unknown, and what each has to be multiplied with."""

    def known(self, column: str) -> Verdict:
        """Which numbers are known."""

    def is_any(self, column: str, codes: Sequence[int]) -> Verdict:
        """Which rows hold one of these codes of words or flags."""


Whole = npt.NDArray[Any]
Addend = tuple[tuple[Whole, int] | None, Verdict]
"""What each row adds to a sum, many fold (``None``: one), and which rows do."""

TOKENS = ("uncached_tokens", "cached_tokens", "cache_write_tokens", "visible_tokens", "reasoning_tokens")


@dataclass(frozen=True, slots=True)
class Tally:
    """One whole sum.

    Args:
        rows: what rows add to it.
        cells: its aggregation over cells of cubes.
    """

    rows: Callable[[Rows], Addend]
    cells: Callable[[Vocabulary], pl.Expr]


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


def _is(rows: Rows, column: str, word: str) -> Verdict:
    code = rows.vocabulary.code(column, word)
    return False if code is None else rows.is_any(column, (code,))


def _sum(column: str) -> Callable[[Vocabulary], pl.Expr]:
    return lambda _: pl.col(column).cast(pl.Int128).sum()


def _total(column: str) -> Tally:
    return Tally(lambda rows: (rows.scaled(column), True), _sum(column))


def _counted(column: str, word: str) -> Tally:
    return Tally(
        lambda rows: (None, _is(rows, column, word)),
        lambda vocabulary: pl.when(word_is(vocabulary, column, word)).then(pl.col("requests")).sum(),
    )


def _priced(rows: Rows) -> Verdict:
    return both(rows.known("cost_usd"), opposite(rows.is_any("priced", (FALSE,))))


def _unpriced(rows: Rows) -> Addend:
    unpriced = both(_is(rows, "status", "success"), opposite(_priced(rows)))
    if unpriced is False:
        return None, False
    return None, both(unpriced, sum(rows.values(column) for column in TOKENS) > 0)


def _timed(rows: Rows) -> Verdict:
    return both(_is(rows, "status", "success"), rows.known("latency_ms"))


TALLIES: dict[str, Tally] = {
    "requests": Tally(lambda _: (None, True), _sum("requests")),
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
    "cost_usd": Tally(lambda rows: (rows.scaled("cost_usd"), _priced(rows)), _sum("cost_usd")),
    "avoided_cost_usd": _total("avoided_cost_usd"),
    "priced": Tally(lambda rows: (None, _priced(rows)), _sum("priced")),
    "unpriced": Tally(_unpriced, _sum("unpriced")),
    "generated_tokens": Tally(
        lambda rows: ((rows.values("visible_tokens") + rows.values("reasoning_tokens"), 1), _timed(rows)),
        _sum("generated_tokens"),
    ),
    "generation_ms": Tally(
        lambda rows: ((rows.values("latency_ms") - rows.values("ttft_ms"), 1), _timed(rows)),
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
        # no output is no speed: embeddings are answered without a token
        lambda tokens, micros: _ratio(tokens * 10**6, micros) if tokens else None,
    ),
}

PERCENTILES: dict[str, tuple[str, int]] = {
    **{f"latency_ms_p{percent}": ("latency_ms", percent) for percent in (50, 90, 95, 99)},
    **{f"ttft_ms_p{percent}": ("ttft_ms", percent) for percent in (50, 90, 95, 99)},
}
"""Percentile → the duration column and the percent; over successes, TTFT over streams."""


def measured(rows: Rows, column: str) -> Verdict:
    """The rows whose ``column`` counts for a percentile."""
    counts = both(_is(rows, "status", "success"), rows.known(column))
    return both(counts, opposite(rows.is_any("stream", (FALSE,)))) if column == "ttft_ms" else counts
