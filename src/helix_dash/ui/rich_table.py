"""Tables of a fixed number of rows whose cells are more than figures: meters, tags, links, small trends.

Filled in place like :mod:`~helix_dash.ui.table`, so that focus and scroll survive a refresh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dash import Output, dcc, html
from dash.development.base_component import Component

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
    """

    share: float | None
    text: str
    note: str = ""

    @property
    def tone(self) -> Tone:
        if self.share is None:
            return "none"
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
        where: the column and value that a click on the name filters by; ``None`` when it is no button.
        note: small words below the name.
    """

    name: str
    cells: Mapping[str, Cell] = field(default_factory=dict)
    where: tuple[str, str] | None = None
    note: str = ""


def table(name: str, caption: str, head: str, columns: Sequence[Column], rows: int) -> Component:
    """An empty table of ``rows`` rows, the first column named ``head``."""
    heads = [
        html.Th(
            one.title,
            scope="col",
            className="hx-number" if one.kind == "number" else "",
            **({"title": one.help} if one.help else {}),
        )
        for one in columns
    ]
    return html.Div(
        className="hx-table-scroll",
        tabIndex="0",
        role="region",
        **{"aria-label": caption},
        children=html.Table(
            className="hx-table hx-table--rich",
            children=[
                html.Caption(caption, className="hx-sr"),
                html.Thead(html.Tr([html.Th(head, scope="col"), *heads])),
                html.Tbody([_row(name, index, columns) for index in range(rows)]),
            ],
        ),
    )


def _row(name: str, index: int, columns: Sequence[Column]) -> Component:
    key = f"hx-{name}-{index}"
    button = html.Button(
        "",
        id=f"{key}-name",
        className="hx-name",
        type="button",
        disabled=True,
        **{"data-filter": "", "data-value": ""},
    )
    head = html.Th([button, html.Small("", id=f"{key}-note", className="hx-note")], scope="row")
    cells = [
        html.Td(_cell(f"{key}-{one.key}", one.kind), className="hx-number" if one.kind == "number" else "")
        for one in columns
    ]
    return html.Tr(id=f"{key}-row", style={"display": "none"}, children=[head, *cells])


def _cell(key: str, kind: Kind) -> Component:
    if kind == "link":
        return dcc.Link("", id=key, href="", className="hx-link")
    if kind == "tag":
        return html.Span("", id=key, className="hx-tag", **{"data-tone": "none"})
    if kind == "trend":
        return html.Span(id=key, className="hx-spark", style={"visibility": "hidden"}, **{"aria-hidden": "true"})  # fmt: skip
    if kind == "meter":
        words = html.Span("", id=key, className="hx-gauge__text")
        bar = html.Span(id=f"{key}-bar", className="hx-gauge__bar", style={}, **{"aria-hidden": "true"})
        return html.Span([bar, words], id=f"{key}-meter", className="hx-gauge", title="", **{"data-tone": "none"})  # fmt: skip
    return html.Span("", id=key)


def outputs(name: str, columns: Sequence[Column], rows: int) -> dict[str, Output]:
    """The places a callback fills in table ``name``."""
    found: dict[str, Output] = {}
    for index in range(rows):
        key, place = f"hx-{name}-{index}", f"{name}.{index}"
        found |= {
            f"{place}.row": Output(f"{key}-row", "style"),
            f"{place}.name": Output(f"{key}-name", "children"),
            f"{place}.disabled": Output(f"{key}-name", "disabled"),
            f"{place}.filter": Output(f"{key}-name", "data-filter"),
            f"{place}.value": Output(f"{key}-name", "data-value"),
            f"{place}.note": Output(f"{key}-note", "children"),
        }
        for one in columns:
            found |= _cell_outputs(f"{place}.{one.key}", f"{key}-{one.key}", one.kind)
    return found


def _cell_outputs(place: str, key: str, kind: Kind) -> dict[str, Output]:
    if kind == "trend":
        return {place: Output(key, "style")}
    found = {place: Output(key, "children")}
    if kind == "link":
        found[f"{place}.href"] = Output(key, "href")
    if kind == "tag":
        found[f"{place}.tone"] = Output(key, "data-tone")
    if kind == "meter":
        found |= {
            f"{place}.bar": Output(f"{key}-bar", "style"),
            f"{place}.tone": Output(f"{key}-meter", "data-tone"),
            f"{place}.title": Output(f"{key}-meter", "title"),
        }
    return found


def fill(name: str, columns: Sequence[Column], lines: Sequence[Line], size: int) -> Updates:
    """The new cells of a table of ``size`` rows; rows beyond ``lines`` are hidden."""
    updates: Updates = {}
    for index in range(size):
        place = f"{name}.{index}"
        if index >= len(lines):
            updates[f"{place}.row"] = {"display": "none"}
            continue
        line = lines[index]
        column, value = line.where or ("", "")
        updates |= {
            f"{place}.row": {},
            f"{place}.name": line.name,
            f"{place}.disabled": line.where is None,
            f"{place}.filter": column,
            f"{place}.value": value,
            f"{place}.note": line.note,
        }
        for one in columns:
            updates |= _filled(f"{place}.{one.key}", one.kind, line.cells.get(one.key, UNKNOWN))
    return updates


def _filled(place: str, kind: Kind, cell: Cell) -> dict[str, Any]:
    if isinstance(cell, Trend):
        return {place: trend(cell.values)}
    if isinstance(cell, Link):
        return {place: cell.text, f"{place}.href": cell.href}
    if isinstance(cell, Tag):
        return {place: cell.text, f"{place}.tone": cell.tone}
    if isinstance(cell, Meter):
        width = f"{min(1.0, max(0.0, cell.share or 0)) * 100:.1f}%"
        return {
            place: cell.text,
            f"{place}.bar": {"--share": width},
            f"{place}.tone": cell.tone,
            f"{place}.title": cell.note,
        }
    found: dict[str, Any] = {place: cell}
    if kind == "trend":
        found = {place: trend(())}
    if kind == "meter":
        found |= {f"{place}.bar": {"--share": "0%"}, f"{place}.tone": "none", f"{place}.title": ""}
    if kind == "tag":
        found[f"{place}.tone"] = "none"
    if kind == "link":
        found[f"{place}.href"] = ""
    return found
