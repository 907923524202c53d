"""Takes secrets out of texts before they are kept or shown: log lines, and commands of a slow log."""

from __future__ import annotations

import re

LONGEST = 2000
"""Characters of a text that is looked at; the rest is left out."""

MASK = "***"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://)[^\s/@]{1,400}@"), r"\1***@"),
    (re.compile(r"(?i)\b(authorization\W{1,4}\w{0,10})\s+[\w.~+/=-]{6,}"), r"\1 ***"),
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.~+/=-]{8,}"), r"\1 ***"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"), MASK),
    (re.compile(r"\b(?:sk|pk|rk|hd|ghp|gho|xox[abp])[-_][\w-]{8,}"), MASK),
    (re.compile(r"(?i)((?:password|passwd|secret|api[-_ ]?key|access[-_ ]?key|token|cookie)[\"']?\s{0,3}[:=]\s{0,3}[\"']?)[^\s\"',;&]{3,}"), r"\1***"),
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"), MASK),
    (re.compile(r"\b(?:\d[ -]?){13,19}\b"), MASK),
    (re.compile(r"\b[0-9a-fA-F]{32,}\b"), MASK),
)  # fmt: skip
"""What looks like a secret or names a person, and what stands in its place. Every repetition is bounded."""

_TEMPLATE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[0-9a-fA-F]{8,}\b|\b0x[0-9a-fA-F]+\b"), "…"),
    (re.compile(r"'[^']{0,200}'|\"[^\"]{0,200}\""), "…"),
    (re.compile(r"\d+(?:[.,]\d+)*"), "#"),
)


def masked(text: str) -> str:
    """``text`` of at most :data:`LONGEST` characters on one line, without what looks like a secret."""
    short = " ".join(text[:LONGEST].split())
    for pattern, place in _RULES:
        short = pattern.sub(place, short)
    return "".join(one if one.isprintable() else "�" for one in short)


def template(text: str) -> str:
    """What messages that differ only in numbers, ids and quoted words have in common."""
    for pattern, place in _TEMPLATE:
        text = pattern.sub(place, text)
    return text[:200]
