"""Who refused a 429: one of our own limits, or the provider. The words of the column ``limiter``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """A limiter: its word in the log, what people call it, and whether it is ours."""

    word: str | None
    title: str
    ours: bool


ORIGINS: tuple[Origin, ...] = (
    Origin("rpm", "Requests per minute", ours=True),
    Origin("tpm", "Tokens per minute", ours=True),
    Origin("rpd", "Requests per day", ours=True),
    Origin("tpd", "Tokens per day", ours=True),
    Origin("budget", "Budget", ours=True),
    Origin("parallel", "Parallel requests", ours=True),
    Origin("provider", "Provider", ours=False),
)
_BY_WORD = {one.word: one for one in ORIGINS}


def origin(word: str | None) -> Origin:
    """The limiter of ``word``; one that is not on record is nobody's."""
    found = _BY_WORD.get(word)
    return found or Origin(
        word, word.replace("_", " ").capitalize() if word else "Not on record", ours=bool(word)
    )
