"""The System health page's log: the newest lines, filtered, searched, and grouped by what they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from helix_dash.pages.system.queries import SystemPage
from helix_dash.pages.system.tables import filled
from helix_dash.ui import panel, states
from helix_dash.ui.look import Look
from helix_dash.ui.panel import Updates
from helix_dash.ui.rows import Line as Row
from helix_dash.ui.sampled import since
from helix_dash.ui.states import Message
from helix_dash.ui.table import Field
from helix_dash.vitals.lines import Line

PANEL = "sys-lines"
ROWS = 100
LEVELS = {"all": ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "warnings": ("WARNING", "ERROR", "CRITICAL"), "errors": ("ERROR", "CRITICAL")}  # fmt: skip
SOURCES = ("all", "web", "collector")
SINGLE = (
    Field("level", "Level"),
    Field("source", "Source"),
    Field("logger", "Part"),
    Field("message", "Message"),
)
GROUPED = (
    Field("level", "Level"),
    Field("source", "Source"),
    Field("count", "Count"),
    Field("message", "Message"),
)
TONES = {"ERROR": "bad", "CRITICAL": "bad", "WARNING": "warn", "INFO": "info"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines are asked for; anything that is no choice means all."""

    level: str = "all"
    source: str = "all"
    text: str = ""
    grouped: bool = False

    def has(self, line: Line) -> bool:
        """Whether ``line`` is one of them."""
        text = self.text.casefold()
        words = f"{line.message} {line.error} {line.logger}".casefold()
        return (
            line.level in LEVELS.get(self.level, LEVELS["all"])
            and (self.source not in SOURCES[1:] or line.source == self.source)
            and text in words
        )


def show(found: SystemPage, look: Look, wanted: Wanted, *, allowed: bool, stale: bool) -> Updates:
    """The new contents of the panel of log lines."""
    if not allowed:
        return panel.says(PANEL, states.not_allowed("admin")) | {
            f"{PANEL}.subtitle": "What this product's processes logged"
        }
    lines = found.lines or ()
    chosen = [line for line in lines if wanted.has(line)]
    bad = f"; {found.bad_lines:,} could not be read" if found.bad_lines else ""
    words = f"{len(chosen):,} of the newest {len(lines):,} lines, secrets masked{bad}"
    nothing = Message(
        "empty", "No line has been logged yet", "Collectors and web workers under gunicorn send theirs."
    )
    if lines:
        nothing = Message("empty", "No line matches", f"among the newest {len(lines):,}.")
    told, fields = (
        (_grouped(chosen, look, found), GROUPED) if wanted.grouped else (_single(chosen, look, found), SINGLE)
    )
    return filled(
        PANEL, "Last" if wanted.grouped else "Time", fields, told, nothing, stale=stale, subtitle=words,
        texts=("level", "source", "logger", "message"),
    )  # fmt: skip


def _single(lines: Sequence[Line], look: Look, found: SystemPage) -> list[Row]:
    return [
        Row(
            since(line.at, look, found.vitals.now),
            {
                "level": line.level.capitalize(),
                "source": f"{line.source} {line.process}",
                "logger": line.logger.removeprefix("helix_dash."),
                "message": f"{line.message} {line.error}".strip(),
            },
            tones={"level": TONES.get(line.level, "none")},
        )
        for line in lines[:ROWS]
    ]


def _grouped(lines: Sequence[Line], look: Look, found: SystemPage) -> list[Row]:
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.level, line.source, line.like), []).append(line)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))[:ROWS]
    return [
        Row(
            since(every[0].at, look, found.vitals.now),
            {"level": level.capitalize(), "source": source, "count": f"{len(every):,}", "message": like},
            tones={"level": TONES.get(level, "none")},
        )
        for (level, source, like), every in ordered
    ]
