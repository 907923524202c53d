"""The compliance score: the mean of the controls that have evidence. A control without evidence is not assessed, counts
neither for nor against, and is said so. What laws and standards ask for is told by the control it rests on: evidence
for a judgement, no judgement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from helix_dash.log.query import LogHealth
from helix_dash.metrics.incident_counts import Counts
from helix_dash.samples.answers import Answer

SECOND = 10**6
TARGET_HOURS = 72
"""Within which an incident shall be closed: the time that GDPR gives to tell the authority of one."""
_GRACE = 2 * 86_400 * SECOND
"""Microseconds by which rows may outlive their retention: they go in whole segments."""
_OLD = 3_600 * SECOND
"""Microseconds after which a check of the audit record is no evidence any more."""
FORMULA = "mean of the assessed controls, each 0–100"


@dataclass(frozen=True, slots=True)
class Control:
    """One measurable control.

    Args:
        key: its name, as regulation lines refer to it.
        title: its name for people.
        score: 0–1; ``None``: not assessed.
        rule: how the score is made.
        evidence: what was measured, or why nothing could be.
        link: where the evidence is, below the app's prefix or an element of the page; empty where it is in the words.
    """

    key: str
    title: str
    score: float | None
    rule: str
    evidence: str
    link: str = ""

    @property
    def state(self) -> str:
        """``met``, ``partly``, ``not met`` or ``not assessed``."""
        if self.score is None:
            return "not assessed"
        return "met" if self.score >= 0.995 else "partly" if self.score >= 0.5 else "not met"


@dataclass(frozen=True, slots=True)
class Line:
    """What a law or a standard asks for, and the control it rests on; ``""``: nothing here can tell."""

    regulation: str
    clause: str
    asks: str
    control: str


REGULATIONS: tuple[Line, ...] = (
    Line("GDPR", "Art. 5(1)(c), 25", "No more personal data than needed", "redaction"),
    Line("GDPR", "Art. 5(1)(e)", "Kept no longer than needed", "retention"),
    Line("GDPR", "Art. 5(2), 30", "What was done can be shown", "audit"),
    Line("GDPR", "Art. 32", "Protected on its way", "transport"),
    Line("GDPR", "Art. 33", "Breaches dealt with within 72 hours", "age"),
    Line("GDPR", "Art. 35", "Impact of the processing assessed", ""),
    Line("HIPAA", "§164.312(b)", "Audit controls", "audit"),
    Line("HIPAA", "§164.312(e)(1)", "Protected on its way", "transport"),
    Line("HIPAA", "§164.502(b)", "Minimum necessary", "redaction"),
    Line("HIPAA", "§164.308(a)(6)(ii)", "Response to incidents", "age"),
    Line("HIPAA", "§164.308(b)(1)", "Contracts with business associates", ""),
    Line("PCI DSS 4.0", "3.2.1", "Account data kept as short as possible", "retention"),
    Line("PCI DSS 4.0", "3.3.1, 3.5.1", "No card numbers readable where they are stored", "raw"),
    Line("PCI DSS 4.0", "4.2.1", "Strong cryptography on the way", "transport"),
    Line("PCI DSS 4.0", "10.3.2", "Audit logs protected from change", "audit"),
    Line("PCI DSS 4.0", "12.10.1", "Response to incidents", "age"),
    Line("SOC 2", "CC6.7", "Protected on its way", "transport"),
    Line("SOC 2", "CC7.2", "Anomalies are seen and looked at", "redaction"),
    Line("SOC 2", "CC7.4", "Response to incidents", "age"),
    Line("SOC 2", "C1.2", "Confidential data disposed of", "retention"),
    Line("SOC 2", "CC1.4", "Competent people", ""),
)


@dataclass(frozen=True, slots=True)
class Compliance:
    """The score, 0–100 (``None`` when no control is assessed), and the controls it is made of."""

    score: float | None
    controls: tuple[Control, ...]

    @property
    def assessed(self) -> int:
        return sum(one.score is not None for one in self.controls)

    def control(self, key: str) -> Control | None:
        """The control named ``key``."""
        return next((one for one in self.controls if one.key == key), None)


def compliance(controls: Sequence[Control]) -> Compliance:
    """The score of ``controls``."""
    known = [one.score for one in controls if one.score is not None]
    return Compliance(100 * sum(known) / len(known) if known else None, tuple(controls))


def redaction(counts: Counts) -> Control:
    """How much of what guardrails found they hid or refused."""
    rule, title = "incidents masked or blocked ÷ incidents whose action is told", "Redaction coverage"
    through = sum(counts.by_action.get("logged", ()))
    told = counts.total - sum(counts.by_action.get("untold", ()))
    if not told:
        why = (
            "No incident in this range tells what was done about it."
            if counts.total
            else "No incident in this range: nothing to measure by."
        )
        return Control("redaction", title, None, rule, why)
    rest = f" {counts.total - told:,} do not say." if counts.total > told else ""
    said = f"{told - through:,} of {told:,} incidents masked or blocked; {through:,} only logged.{rest}"
    return Control("redaction", title, 1 - through / told, rule, said, "#hx-security-actions")


def raw_text(entries: Sequence[Mapping[str, Any]] | None) -> Control:
    """How many entries of the gateway's list hold the text they were meant to hide."""
    rule, title = "entries of the gateway's list without text ÷ entries", "No raw text at rest"
    if entries is None:
        return Control("raw", title, None, rule, "The gateway's list cannot be read, or is not yours to see.")
    if not entries:
        return Control("raw", title, None, rule, "The gateway's list is empty.")
    raw = sum(bool(one.get("raw")) for one in entries)
    said = f"{raw:,} of {len(entries):,} entries of helix:pii:incidents hold text of the request."
    return Control("raw", title, 1 - raw / len(entries), rule, said)


def retention(health: LogHealth, days: int, now: int) -> Control:
    """Whether rows go when they should."""
    rule, title = (
        f"1 when the oldest row is younger than LOG_RETENTION_DAYS ({days}) and two days, else 0",
        "Retention",
    )
    if not health.rows or health.oldest is None:
        return Control("retention", title, None, rule, "The log holds no rows.")
    age = (now - health.oldest) / (86_400 * SECOND)
    kept = now - health.oldest <= days * 86_400 * SECOND + _GRACE
    oldest = datetime.fromtimestamp(health.oldest / SECOND, UTC)
    said = f"Oldest row of {oldest:%-d %b %Y} ({age:,.0f} days); kept for {days} days."
    return Control("retention", title, 1.0 if kept else 0.0, rule, said)


def audit(answer: Answer | None, now: int) -> Control:
    """Whether the audit record is whole, as the collector found when it last walked its chain."""
    rule, title = "1 when the chain of the audit record is whole, else 0", "Audit record"
    if answer is None or answer.answered is None or not isinstance(answer.body, dict):
        return Control("audit", title, None, rule, "The collector has not verified the chain yet.")
    if now - answer.answered > _OLD:
        return Control("audit", title, None, rule, "The last check of the chain is more than an hour old.")
    fault, entries = str(answer.body.get("fault") or ""), int(answer.body.get("entries") or 0)
    if not entries and not fault:
        return Control("audit", title, None, rule, "The audit record is empty.")
    at = datetime.fromtimestamp(answer.answered / SECOND, UTC)
    said = (
        fault
        or f"{entries:,} entries, chain whole, verified {at:%H:%M:%S} UTC; last digest {str(answer.body.get('digest'))[:16]}…"
    )
    return Control("audit", title, 0.0 if fault else 1.0, rule, said)


def age(counts: Counts, closed_before: int, now: int) -> Control:
    """How many of the incidents whose time is over are still open.

    Args:
        closed_before: how many of the incidents older than the target are closed.
    """
    rule = f"closed ÷ incidents older than {TARGET_HOURS} h, of this range"
    due = counts.before(now - TARGET_HOURS * 3_600 * SECOND)
    title = "Incidents closed in time"
    if not due:
        return Control(
            "age", title, None, rule, f"No incident of this range is older than {TARGET_HOURS} hours."
        )
    said = f"{due - closed_before:,} of {due:,} incidents older than {TARGET_HOURS} hours are still open."
    return Control("age", title, closed_before / due, rule, said, "#hx-security-incidents")


def transport(base_url: str, stores: Sequence[str]) -> Control:
    """How many of the links are encrypted, or never leave the machine."""
    links = {"browser": _browser(base_url)} | {
        f"store {place}": _safe(url) for place, url in enumerate(stores, 1)
    }
    known = {name: state for name, (state, _) in links.items() if state is not None}
    rule, title = "links with TLS or within the machine ÷ links that are known", "Transport"
    said = "; ".join(f"{name}: {words}" for name, (_, words) in links.items()) + "."
    if not known:
        return Control("transport", title, None, rule, said)
    return Control("transport", title, sum(known.values()) / len(known), rule, said)


def _browser(base_url: str) -> tuple[bool | None, str]:
    scheme = urlsplit(base_url).scheme
    if not scheme:
        return None, "not known, BASE_URL is not set"
    return (True, "https") if scheme == "https" else (False, f"{scheme}, not encrypted")


def _safe(url: str) -> tuple[bool, str]:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return True, "socket of this machine"
    if parts.scheme.split("+")[0] in ("rediss", "sentinels"):
        return True, "TLS"
    names = [one.rpartition(":")[0] or one for one in parts.netloc.rpartition("@")[2].split(",")]
    if all(name.strip("[]") in ("127.0.0.1", "::1", "localhost") for name in names):
        return True, "loopback"
    return False, "not encrypted"
