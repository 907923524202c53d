"""Masks a text: what is recognised becomes its type, and of all the rest only words of an allow-list stay.

Whatever recognizers miss (a name, a number in an odd form) is therefore hidden all the same: a word that is not among
some two hundred of the commonest English words becomes one dot, whatever it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from helix_dash.redaction.recognizers import Found, find, plain
from helix_dash.redaction.rules import LEAST_CONFIDENCE, Rules

LONGEST = 4_000
"""Letters of a text that are looked at."""
SHOWN = 24
"""Words of a masked text that are kept."""
HIDDEN = "•"

_COMMON = """
a about account address after all also am an and any are around as at be because been before below between both
bought but by can card check code company contact could customer data date day days did do does done each email
emails every file first for form from full get give given go good had has have he hello help her here hers hi him his
how i if in into is it its just key keys last let like list mail make me message more most my name names need new no
not note now number numbers of off old on one only or order other our out over page pay payment people person phone
please question read record records reply report request response said same see send sent she should so some such
team text thank thanks that the their them then there these they this those to today two type under until up us use
used user using was we week were what when where which who why will with word work would write year yes you your
"""
_WORDS = frozenset(_COMMON.split())

_WORD = re.compile(r"[^\W_]+")


class Engine(Protocol):
    """Finds personal data in a text, in place of the built-in recognizers."""

    def __call__(self, text: str) -> list[Found]: ...


@dataclass(frozen=True, slots=True)
class Masked:
    """A text that may be shown.

    Args:
        text: its masked form; in strict mode the types alone.
        types: type → how often it was found.
    """

    text: str
    types: dict[str, int]


def mask(text: str, rules: Rules, engine: Engine = find) -> Masked:
    """What may be known of ``text``."""
    whole = plain(text[:LONGEST])
    least = LEAST_CONFIDENCE[rules.sensitivity]
    every = engine(whole)
    told = [one for one in every if one.confidence >= least and one.type in rules.types]
    types: dict[str, int] = {}
    for one in told:
        types[one.type] = types.get(one.type, 0) + 1
    return Masked("" if rules.strict else _skeleton(whole, every, set(told)), types)


def of_types(types: dict[str, int]) -> str:
    """The masked form of what is known by its types only: ``<CREDIT_CARD> <PERSON>×2``."""
    return " ".join(f"<{name}>" + (f"×{count}" if count > 1 else "") for name, count in types.items())


def _skeleton(text: str, every: list[Found], told: set[Found]) -> str:
    """Types in place of what is told, a dot for every run of other words that are not harmless."""
    words: list[str] = []
    at = 0
    for one in every:
        words += _harmless(text[at : one.start])
        words.append(f"<{one.type}>" if one in told else HIDDEN)
        at = one.end
    words += _harmless(text[at:])
    joined: list[str] = []
    for word in words:
        if word != HIDDEN or joined[-1:] != [HIDDEN]:
            joined.append(word)
    return " ".join(joined[:SHOWN]) + (" …" if len(joined) > SHOWN else "")


def _harmless(text: str) -> list[str]:
    return [word.lower() if word.lower() in _WORDS else HIDDEN for word in _WORD.findall(text)]
