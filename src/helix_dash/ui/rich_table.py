"""Tables whose cells are more than figures: meters, tags, links, small trends.

Built in the browser like those of :mod:`~helix_dash.ui.rows`: what heads the columns is in the page, and a refresh
sends rows only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dash import Output
from dash.development.base_component import Component

from helix_dash.ui import rows
from helix_dash.ui.format import UNKNOWN
from helix_dash.ui.kpi import trend
from helix_dash.ui.panel import Updates

Kind = Literal["number", "text", "meter", "tag", "link", "trend"]
Tone = Literal["none", "good", "warn", "bad", "info"]

NEAR, OVER = 0.8, 1.0
"""Shares of a limit from which a meter warns, and from which it alarms."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in :class:`Line`, its words, what its cells are, and what its title explains."""

    key: str
    title: str
    kind: Kind = "number"
    help: str = ""


@dataclass(frozen=True, slots=True)
class Meter:
    """A bar of how much of a limit is used.

    Args:
        share: used of the limit, 1 is all; ``None`` without a limit.
        text: the same in words ("12 / 500").
        note: more words, shown when pointing at it.
        of_limit: whether it warns near 1; a share of a whole never does.
        raw: what is used in all its digits, for the CSV file.
    """

    share: float | None
    text: str
    note: str = ""
    of_limit: bool = True
    raw: str = ""

    @property
    def tone(self) -> Tone:
        if self.share is None:
            return "none"
        if not self.of_limit:
            return "good"
        return "bad" if self.share >= OVER else "warn" if self.share > NEAR else "good"


@dataclass(frozen=True, slots=True)
class Tag:
    """A word with a tone."""

    text: str
    tone: Tone = "none"


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to a page of ours."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Trend:
    """A small curve; ``None`` is a gap."""

    values: Sequence[float | int | None]


Cell = str | Meter | Tag | Link | Trend


@dataclass(frozen=True, slots=True)
class Line:
    """One row.

    Args:
        name: what it is about.
        cells: by the keys of the columns.
        where: the column and value that a click on the name filters by; ``None`` where it filters by nothing.
        note: small words below the name.
    """

    name: str
    cells: Mapping[str, Cell] = field(default_factory=dict)
    where: tuple[str, str] | None = None
    note: str = ""


def table(name: str, caption: str, head: str, columns: Sequence[Column]) -> Component:
    """An empty table, the first column named ``head``; :func:`fill` gives it rows."""
    heads = [
        {"title": one.title}
        | ({"text": True} if one.kind != "number" else {})
        | ({"help": one.help} if one.help else {})
        for one in columns
    ]
    shape = {"head": head, "columns": heads, "rich": True}
    return rows.box(name, caption, **{"data-shape": json.dumps(shape)})


def outputs(name: str) -> dict[str, Output]:
    """The place a callback fills in table ``name``."""
    return rows.outputs(name)


def fill(name: str, columns: Sequence[Column], lines: Sequence[Line], size: int) -> Updates:
    """The new rows of a table, at most ``size``; a cell that a line lacks is unknown."""
    return {f"{name}.rows": {"rows": [_row(line, columns) for line in lines[:size]]}}


def _row(line: Line, columns: Sequence[Column]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": line.name,
        "cells": [_cell(line.cells.get(one.key, UNKNOWN)) for one in columns],
    }
    if line.where:
        found["where"] = list(line.where)
    return found | ({"note": line.note} if line.note else {})


def _cell(cell: Cell) -> str | dict[str, str]:
    match cell:
        case Trend():
            return {"trend": trend(cell.values).get("--trend", "")}
        case Link():
            return {"text": cell.text, "href": cell.href}
        case Tag():
            return {"text": cell.text, "tone": cell.tone}
        case Meter():
            width = f"{min(1.0, max(0.0, cell.share or 0)) * 100:.1f}%"
            exact = {"raw": cell.raw} if cell.raw else {}
            return {"text": cell.text, "meter": width, "tone": cell.tone, "why": cell.note} | exact
    return cell
