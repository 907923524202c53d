"""Conditions as tests over held columns: which rows match, a segment at a time.

Words are compared as codes: a search for a text within a word runs over the vocabulary, not over the rows.
Numbers are compared as the integers they are stored as, so a bound of 0.1 dollars is exactly that. A condition
on an unknown value: only ``blank``, ``not_in`` and ``not_contains`` hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import Protocol

import numpy as np

from helix_dash.log.derived import numbers
from helix_dash.log.filtering import checked, flag_of, limits, whole_numbers
from helix_dash.log.held import FALSE, TRUE, Held, HeldText, Mask, Verdict, both, opposite
from helix_dash.log.schema import BY_NAME, Column
from helix_dash.log.vocabulary import UNKNOWN, Vocabulary
from helix_dash.model import Condition, Op, Scope


class Columns(Protocol):
    """Rows by column."""

    @property
    def rows(self) -> int:
        """How many."""

    def held(self, name: str) -> Held:
        """A column of words, flags or numbers."""

    def text(self, name: str) -> HeldText:
        """A column of texts."""


Holds = Callable[[Columns], Verdict]
_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda word, part: part in word,
    "starts": str.startswith,
    "ends": str.endswith,
}
_COST = {
    "flag": 0,
    "word": 1,
    "count": 2,
    "share": 2,
    "duration": 2,
    "rate": 3,
    "money": 3,
    "time": 3,
    "text": 9,
}
"""The order in which kinds are tested: what is read fastest may spare the rest."""


@dataclass(frozen=True, slots=True)
class Tests:
    """All conditions of a question, ready to be put to any rows of one vocabulary."""

    holds: tuple[Holds, ...]
    words: tuple[str, list[int]] | None = None
    """The column and the codes, when all that is asked is that a row holds one of some words."""

    def of(self, columns: Columns) -> Verdict:
        """Which rows meet all of them."""
        verdict: Verdict = True
        for holds in self.holds:
            verdict = both(verdict, holds(columns))
            if verdict is False:
                return False
        return verdict


def tests(scope: Scope, conditions: Sequence[Condition], vocabulary: Vocabulary, zone: tzinfo) -> Tests:
    """What rows must hold that ``scope`` may see and that meet all ``conditions``.

    Times without a zone are meant in ``zone``.

    Raises:
        BadQuery: an unknown column, an operator it does not know, or a value it cannot hold.
    """
    found = [(_COST[checked(one).kind], _holds(one, vocabulary, zone)) for one in conditions]
    words = None
    if scope.organization is not None:
        code = vocabulary.code("organization", scope.organization)
        found.append((-1, _is_any("organization", [] if code is None else [code], vocabulary)))
    elif (
        len(conditions) == 1
        and checked(conditions[0]).kind == "word"
        and conditions[0].op in ("in", *_MATCHES)
    ):
        words = conditions[0].column, _codes(conditions[0], vocabulary)
    return Tests(tuple(holds for _, holds in sorted(found, key=lambda pair: pair[0])), words)


def _holds(condition: Condition, vocabulary: Vocabulary, zone: tzinfo) -> Holds:
    column = checked(condition)
    if condition.op in ("not_in", "not_contains", "not_blank"):
        positive: Op = condition.op.removeprefix("not_")  # type: ignore[assignment]
        return _not(_holds(Condition(column.name, positive, condition.values), vocabulary, zone))
    if condition.op == "blank":
        return partial(_is_blank, column)
    if column.kind == "word":
        return _is_any(column.name, _codes(condition, vocabulary), vocabulary)
    if column.kind == "flag":
        codes = [TRUE if flag_of(column, value) else FALSE for value in condition.values]
        return lambda columns: columns.held(column.name).is_any(codes, 3)
    if column.kind == "text":
        return _text_test(condition)
    if condition.op == "in":
        wanted = whole_numbers(condition, column, zone)
        return lambda columns: _in(columns, column, wanted)
    low, high = limits(condition, column, zone)
    return lambda columns: _between(columns, column, low, high)


def _not(holds: Holds) -> Holds:
    return lambda columns: opposite(holds(columns))


def _is_any(name: str, codes: list[int], vocabulary: Vocabulary) -> Holds:
    size = len(vocabulary.words(name))
    return lambda columns: columns.held(name).is_any(codes, size)


def _codes(condition: Condition, vocabulary: Vocabulary) -> list[int]:
    """The codes of the words that meet ``condition``."""
    name, separator = condition.column, BY_NAME[condition.column].separator
    if condition.op == "in":
        found = (vocabulary.code(name, word) for word in condition.values)
        whole = [code for code in found if code is not None]
        return [*whole, *_with_part(condition, vocabulary, separator)] if separator else whole
    matches, part = _MATCHES[condition.op], condition.values[0].casefold()
    folded = vocabulary.folded(name)
    return [code for code in range(1, len(folded)) if matches(folded[code], part)]


def _with_part(condition: Condition, vocabulary: Vocabulary, separator: str) -> list[int]:
    """The codes of the words of several parts, one of which is asked for."""
    wanted = set(condition.values)
    return [
        code
        for code, word in enumerate(vocabulary.words(condition.column))
        if word and separator in word and not wanted.isdisjoint(word.split(separator))
    ]


def _is_blank(column: Column, columns: Columns) -> Verdict:
    if column.kind == "text":
        return ~columns.text(column.name).known()
    if column.kind in ("word", "flag"):
        return columns.held(column.name).is_any([UNKNOWN], 1)
    known = numbers(columns.held, column.derived)[1] if column.derived else columns.held(column.name).known()
    return False if known is None else ~known


def _text_test(condition: Condition) -> Holds:
    name = condition.column
    if condition.op == "in":
        return lambda columns: columns.text(name).is_any(condition.values)
    part = condition.values[0].lower()

    def holds(columns: Columns) -> Verdict:
        text = columns.text(name)
        if text.array is None:
            return False
        folded = text.texts().str.to_lowercase()
        match condition.op:
            case "starts":
                found = folded.str.starts_with(part)
            case "ends":
                found = folded.str.ends_with(part)
            case _:
                found = folded.str.contains(part, literal=True)
        mask: Mask = found.fill_null(value=False).to_numpy()
        return mask

    return holds


def _between(columns: Columns, column: Column, low: int | None, high: int | None) -> Verdict:
    if not column.derived:
        return columns.held(column.name).between(low, high)
    values, known = numbers(columns.held, column.derived)
    found: Verdict = True if known is None else known
    if low is not None:
        found = both(found, values >= low)
    return found if high is None else both(found, values <= high)


def _in(columns: Columns, column: Column, wanted: list[int]) -> Verdict:
    if column.derived:
        values, known = numbers(columns.held, column.derived)
        found = np.isin(values, wanted)
        return found if known is None else found & known
    held = columns.held(column.name)
    verdict: Verdict = False
    for value in wanted:
        verdict = opposite(both(opposite(verdict), opposite(held.between(value, value))))
    return verdict
