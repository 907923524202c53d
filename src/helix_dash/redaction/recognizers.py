"""Finds personal data and secrets in a text by their form, and by their check digits where they have some.

Names of people and places have no form: they are not found here (an engine for languages would be needed), and need
not be, for masking keeps only words of an allow-list. What is found here says which *types* were there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch of a text that is, as far as its form tells, of ``type``; ``confidence`` 0–1."""

    start: int
    end: int
    type: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Recognizer:
    """One form.

    Args:
        type: what it is.
        pattern: how it looks.
        confidence: how sure one may be, as Presidio scores the same form.
        check: what else must hold.
    """

    type: str
    pattern: re.Pattern[str]
    confidence: float
    check: Check = lambda _text: True


def plain(text: str) -> str:
    """``text`` with full-width signs made ordinary and invisible ones left out, so that they cannot hide anything."""
    usual = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in usual if unicodedata.category(sign) not in ("Cf", "Cc") or sign in "\n\t")


def luhn(text: str) -> bool:
    """Whether the digits of ``text`` have the check digit of payment cards (ISO/IEC 7812)."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [digit if at % 2 == 0 else sum(divmod(2 * digit, 10)) for at, digit in enumerate(digits[::-1])]
    return sum(doubled) % 10 == 0


def iban(text: str) -> bool:
    """Whether ``text`` has the check digits of an account number (ISO 13616)."""
    account = re.sub(r"\s", "", text).upper()
    moved = account[4:] + account[:4]
    return 15 <= len(account) <= 34 and int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


def _address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _social(text: str) -> bool:
    area, group, serial = re.split(r"\D", text)
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _phone(text: str) -> bool:
    return 8 <= sum(sign.isdigit() for sign in text) <= 15


RECOGNIZERS: tuple[Recognizer, ...] = (
    Recognizer("EMAIL_ADDRESS", re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"), 1.0),
    Recognizer("CREDIT_CARD", re.compile(r"(?<![\d])\d(?:[ .\-]{0,2}\d){12,18}(?!\d)"), 1.0, luhn),
    Recognizer("IBAN_CODE", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}\b"), 1.0, iban),
    Recognizer("JWT_TOKEN", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}"), 1.0),
    Recognizer(
        "API_KEY",
        re.compile(r"\b(?:sk-[\w-]{16,}|AKIA[A-Z0-9]{16}|gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}|AIza[\w-]{30,})"),
        0.95,
    ),
    Recognizer("DATABASE_CONNECTION", re.compile(r"\b\w{2,20}(?:\+\w{2,20})?://[^\s:/@]{1,64}:[^\s@]{1,128}@[^\s]{1,200}"), 1.0),
    Recognizer("CRYPTO", re.compile(r"\b(?:bc1[a-z0-9]{25,60}|0x[0-9a-fA-F]{40})\b"), 0.9),
    Recognizer("US_SSN", re.compile(r"(?<!\d)\d{3}[- ]\d{2}[- ]\d{4}(?!\d)"), 0.85, _social),
    Recognizer("IP_ADDRESS", re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"), 0.6, _address),
    Recognizer("MAC_ADDRESS", re.compile(r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b"), 0.6),
    Recognizer("PASSWORD", re.compile(r"(?i:\bpass(?:word|phrase)?\b\s*(?:is|=|:)\s*)\S{4,128}"), 0.6),
    Recognizer("PHONE_NUMBER", re.compile(r"(?<![\w.])\+?\(?\d{1,4}\)?(?:[ .\-/()]{1,2}\d{2,5}){2,5}(?!\w)"), 0.4, _phone),
)  # fmt: skip
"""By how sure they are: of two that overlap the surer one counts."""

TYPES: tuple[str, ...] = tuple(one.type for one in RECOGNIZERS)


def find(text: str) -> list[Found]:
    """What is in ``text`` (as :func:`plain` makes it), in order, without overlaps."""
    every = [
        Found(match.start(), match.end(), one.type, one.confidence)
        for one in RECOGNIZERS
        for match in one.pattern.finditer(text)
        if one.check(match.group())
    ]
    return apart(every)


def apart(every: list[Found]) -> list[Found]:
    """``every`` without overlaps: the surer one stays, then the longer one."""
    kept: list[Found] = []
    for one in sorted(every, key=lambda found: (-found.confidence, found.start - found.end, found.start)):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda found: found.start)
