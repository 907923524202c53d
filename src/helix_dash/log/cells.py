"""The cells of a series: groups (up to two dimensions) times buckets, numbered by one integer each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

import polars as pl

from helix_dash.errors import BadQuery
from helix_dash.log.buckets import Bucket
from helix_dash.log.cube import OTHER
from helix_dash.log.held import Integers
from helix_dash.log.schema import BY_NAME
from helix_dash.log.vocabulary import Vocabulary
from helix_dash.model import Condition, Scope

Group = tuple[str | None, ...]
_FLAGS = (None, "false", "true")


@dataclass(frozen=True, slots=True)
class Question:
    """What a series is asked. Times are microseconds; ``starts`` is ``(start,)`` when no bucket was asked."""

    scope: Scope
    conditions: tuple[Condition, ...]
    start: int
    end: int
    now: int
    zone: tzinfo
    dims: tuple[str, ...]
    bucket: Bucket | None
    starts: tuple[int, ...]
    measures: tuple[str, ...]

    @property
    def columns(self) -> frozenset[str]:
        """The columns of the conditions."""
        return frozenset(condition.column for condition in self.conditions)

    def limits(self, index: int) -> tuple[int, int]:
        """The part of bucket ``index`` that lies in the period."""
        end = self.starts[index + 1] if index + 1 < len(self.starts) else self.end
        return max(self.starts[index], self.start), min(end, self.end)


class Cells:
    """How groups and buckets of a question become one number ``k``, and back.

    Raises:
        BadQuery: there are more than two dimensions, or one that is neither words nor a flag.
    """

    def __init__(self, question: Question, vocabulary: Vocabulary) -> None:
        if len(question.dims) > 2:
            raise BadQuery("dims", "At most two dimensions can be asked.")
        for name in question.dims:
            if name not in BY_NAME or BY_NAME[name].kind not in ("word", "flag"):
                raise BadQuery("dims", f"{name!r} is not a column that can be grouped by.")
        self._dims = question.dims
        self._vocabulary = vocabulary
        self._second = self._size(question.dims[1]) if len(question.dims) == 2 else 1
        self.buckets = len(question.starts)

    def key(self) -> pl.Expr:
        """``k`` of a row that has the dimensions and, when there are several buckets, ``bucket``."""
        group = pl.lit(0, dtype=pl.Int64)
        for name in self._dims:
            group = group * (self._second if len(self._dims) == 2 else 1) + _code(name)
        return (group * self.buckets + (pl.col("bucket") if self.buckets > 1 else 0)).alias("k")

    @property
    def count(self) -> int:
        """How many there can be."""
        groups = 1
        for name in self._dims:
            groups *= self._size(name)
        return groups * self.buckets

    def group_codes(self, codes: Callable[[str], Integers]) -> Integers | None:
        """The group of each row, given the codes of each dimension; ``None`` without dimensions."""
        if not self._dims:
            return None
        first = codes(self._dims[0])
        return first * self._second + codes(self._dims[1]) if len(self._dims) == 2 else first

    def group(self, number: int) -> Group:
        """The dimension values of group ``k // buckets``; ``None`` within is "unknown"."""
        codes = divmod(number, self._second) if len(self._dims) == 2 else (number,)
        return tuple(self._word(name, code) for name, code in zip(self._dims, codes, strict=False))

    def _size(self, name: str) -> int:
        return len(_FLAGS) if BY_NAME[name].kind == "flag" else len(self._vocabulary.words(name))

    def _word(self, name: str, code: int) -> str | None:
        if BY_NAME[name].kind == "flag":
            return _FLAGS[code]
        word = self._vocabulary.word(name, code)
        return "other" if word == OTHER else word


def _code(name: str) -> pl.Expr:
    if BY_NAME[name].kind == "flag":
        return pl.when(pl.col(name)).then(2).otherwise(pl.when(pl.col(name).is_null()).then(0).otherwise(1))
    return pl.col(name).cast(pl.Int64)
