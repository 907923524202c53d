"""Derived columns (:mod:`helix_dash.log.derivation`) over a mirror, over frames and over lists; as SQL:
:mod:`helix_dash.log.clickhouse.conditions`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from helix_dash.log.derivation import MOST, Derivation, evaluated
from helix_dash.log.held import Held, Integers, Mask
from helix_dash.log.schema import BY_NAME

Known = tuple[Integers, Mask | None]
"""Numbers, and which of them are known; ``None``: all."""

Some = list[int | None]


def numbers(held: Callable[[str], Held], made_of: Derivation, rows: Any = slice(None)) -> Known:
    """The numbers of some rows in inner units, and which are known, given how stored columns are held."""
    return evaluated(made_of, _Arrays(held, rows))


def value_expression(name: str) -> pl.Expr:
    """The values of column ``name`` in inner units, over a frame of the stored columns that it is made of."""
    made_of = BY_NAME[name].derived
    return pl.col(name) if made_of is None else evaluated(made_of, _Expressions()).alias(name)


def value_list(name: str, stored: Mapping[str, list[Any]]) -> list[Any]:
    """The values of column ``name`` in inner units, given those of the stored columns that it is made of."""
    made_of = BY_NAME[name].derived
    return stored[name] if made_of is None else evaluated(made_of, _Lists(stored))


class _Arrays:
    def __init__(self, held: Callable[[str], Held], rows: Any) -> None:
        self._held, self._rows = held, rows

    def stored(self, name: str) -> Known:
        held = self._held(name)
        known = held.known()
        return held.values(self._rows), None if known is None else known[self._rows]

    def total(self, parts: Sequence[Known]) -> Known:
        values: Any = sum(values for values, _ in parts)
        known: Mask | None = np.zeros(len(values), np.bool_)
        for _, mask in parts:
            known = None if mask is None or known is None else known | mask
        return values, known

    def less(self, whole: Known, by: Known | int) -> Known:
        values, known = whole
        if isinstance(by, int):
            return values - by, known
        return values - by[0], _all(known, by[1])

    def quotient(self, over: Known, under: Known, scale: int) -> Known:
        upper, lower = over[0], under[0]
        meant: Mask = (upper >= 1) & (upper <= MOST) & (lower >= 1)
        known = _all(over[1], under[1])
        if known is not None:
            meant &= known
        values, divisor = np.zeros(len(upper), np.int64), lower[meant]
        values[meant] = (upper[meant] * scale + divisor // 2) // divisor
        return values, meant


def _all(one: Mask | None, other: Mask | None) -> Mask | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


class _Expressions:
    def stored(self, name: str) -> pl.Expr:
        return pl.col(name).cast(pl.Int64)

    def total(self, parts: Sequence[pl.Expr]) -> pl.Expr:
        known = pl.any_horizontal([part.is_not_null() for part in parts])
        return pl.when(known).then(pl.sum_horizontal(parts))

    def less(self, whole: pl.Expr, by: pl.Expr | int) -> pl.Expr:
        return whole - by

    def quotient(self, over: pl.Expr, under: pl.Expr, scale: int) -> pl.Expr:
        meant = over.is_between(1, MOST) & (under >= 1)
        return pl.when(meant).then((over * scale + under // 2) // under)


class _Lists:
    def __init__(self, stored: Mapping[str, list[Any]]) -> None:
        self._stored = stored

    def stored(self, name: str) -> Some:
        return self._stored[name]

    def total(self, parts: Sequence[Some]) -> Some:
        add: Any = _sum if any(None in part for part in parts) else sum
        return list(map(add, zip(*parts, strict=True)))

    def less(self, whole: Some, by: Some | int) -> Some:
        others = [by] * len(whole) if isinstance(by, int) else by
        return [None if a is None or b is None else a - b for a, b in zip(whole, others, strict=True)]

    def quotient(self, over: Some, under: Some, scale: int) -> Some:
        return [
            None if a is None or b is None or not 1 <= a <= MOST or b < 1 else (a * scale + b // 2) // b
            for a, b in zip(over, under, strict=True)
        ]


def _sum(parts: tuple[int | None, ...]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
