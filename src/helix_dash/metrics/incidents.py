"""What an incident is: a request in which a guardrail found personal data, or that it refused; one form for both
sources, the request log and the gateway's own list. No part of it is ever the data themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from helix_dash.redaction.masking import of_types

Source = Literal["log", "list"]
SOURCES: tuple[Source, ...] = ("log", "list")
Action = Literal["masked", "blocked", "logged", "untold"]
ACTIONS: tuple[Action, ...] = ("masked", "blocked", "logged", "untold")
Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")

UNTOLD = "UNKNOWN"
"""The type of an incident that names none."""

_HARMFUL = """
API_KEY CREDIT_CARD CRYPTO DATABASE_CONNECTION IBAN IBAN_CODE JWT_TOKEN MEDICAL_LICENSE PASSPORT PASSWORD SECRET SSN
UK_NHS US_BANK_NUMBER US_DRIVER_LICENSE US_ITIN US_PASSPORT US_SSN VISA
"""
"""Types whose loss alone does harm: money, identity, health, access."""
_NAMING = "EMAIL EMAIL_ADDRESS IP_ADDRESS MAC_ADDRESS NAME NRP PERSON PHONE PHONE_NUMBER"
"""Types that name or reach a person."""
_HIGH, _MEDIUM = frozenset(_HARMFUL.split()), frozenset(_NAMING.split())


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident, as far as it may be shown.

    Args:
        id: ``log:<row id>`` or ``list:<digest of the entry>``.
        at: when, microseconds since the epoch; ``None`` when it does not say.
        types: type of entity → how many values; empty when a request was refused without naming one.
        action: what the gateway did: ``masked`` (found and hidden, the request went on), ``blocked`` (refused) ``logged``
            (found and let through), or ``untold`` where an entry of the list does not say.
        severity: as the gateway says it, else by :func:`severity`.
        user, team, model, organization: whose request it was; ``None`` when not told.
        guardrail: which guardrails looked.
        direction: ``prompt``, ``response``, ``both``, or ``None`` when not told.
        masked: its masked form.
        raw: whether the gateway keeps text of it.
    """

    id: str
    at: int | None
    types: dict[str, int]
    action: Action
    severity: Severity
    user: str | None = None
    team: str | None = None
    model: str | None = None
    organization: str | None = None
    guardrail: str | None = None
    direction: str | None = None
    masked: str = ""
    raw: bool = False


def severity(types: Mapping[str, int], action: str, *, raw: bool = False) -> Severity:
    """How bad it is: the most sensitive type says high, medium or low; one step more where data got through.

    Data got through when the request was only logged, or when the gateway keeps the text as it was.
    """
    rank = max((_rank(name) for name in types), default=0)
    return SEVERITIES[min(rank + (action == "logged" or raw), len(SEVERITIES) - 1)]


def main_type(types: Mapping[str, int]) -> str:
    """The type an incident is counted under: its most sensitive one, of those the commonest, then by letters."""
    return min(types, key=lambda name: (-_rank(name), -types[name], name), default=UNTOLD)


def _rank(name: str) -> int:
    return 2 if name in _HIGH else 1 if name in _MEDIUM else 0


def types_of(word: str | None) -> dict[str, int]:
    """``EMAIL:2;PERSON:1`` of the log, read; a part without a number counts once."""
    found: dict[str, int] = {}
    for part in (word or "").split(";"):
        name, mark, count = part.rpartition(":")
        name, many = (name, int(count)) if mark and count.isascii() and count.isdigit() else (part, 1)
        if name:
            found[name] = found.get(name, 0) + many
    return found


def action_of(status: str | None, guardrail: str | None) -> Action:
    """What became of a request of the log in which personal data was found."""
    if status == "blocked":
        return "blocked"
    return "masked" if guardrail in ("success", "intervened") else "logged"


_DONE: dict[str, Action] = {
    "blocked": "blocked",
    "rejected": "blocked",
    "refused": "blocked",
    "masked": "masked",
    "redacted": "masked",
    "anonymized": "masked",
    "removed": "masked",
}


def action_said(word: str | None) -> Action:
    """What the gateway's list means by its word; a word that hides nothing let it through."""
    return _DONE.get(word.lower(), "logged") if word else "untold"


def direction_of(mode: str | None) -> str | None:
    """Where guardrails of these modes looked."""
    modes = set((mode or "").split(";"))
    prompt, response = bool(modes & {"pre_call", "during_call", "pre_mcp_call"}), "post_call" in modes
    return "both" if prompt and response else "prompt" if prompt else "response" if response else None


def of_row(row: Mapping[str, Any]) -> Incident:
    """A row of the log: its stored columns, inner units, words as words."""
    types, action = types_of(row["pii"]), action_of(row["status"], row["guardrail"])
    return Incident(
        id=f"log:{row['producer']}-{row['seq']}",
        at=row["time"],
        types=types,
        action=action,
        severity=severity(types, action),
        user=row["user"],
        team=row["team"],
        model=row["model"],
        organization=row["organization"],
        guardrail=row["guardrail_name"],
        direction=direction_of(row["guardrail_mode"]),
        masked=of_types(types),
    )


def of_entry(entry: Mapping[str, Any]) -> Incident:
    """An entry of the gateway's list, as the collector keeps it."""
    types: dict[str, int] = dict(entry.get("types") or {})
    action, raw = action_said(entry.get("action")), bool(entry.get("raw"))
    said = entry.get("severity")
    return Incident(
        id=f"list:{entry['id']}",
        at=entry.get("at"),
        types=types,
        action=action,
        severity=said if said in SEVERITIES else severity(types, action, raw=raw),
        user=entry.get("user"),
        model=entry.get("model"),
        guardrail=entry.get("guardrail"),
        masked=entry.get("masked") or of_types(types),
        raw=raw,
    )
