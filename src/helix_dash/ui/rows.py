"""Tables that the browser builds from the rows it is told (assets/rows.js): cells are no components of Dash.

Every component listens to every change of the page, so some hundreds of cells make a page slow to open. Rows that
stay are changed in place: the focus and the scroll position survive a refresh. The rows come by :mod:`.fill`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.ui import icon
from helix_dash.ui.format import UNKNOWN
from helix_dash.ui.panel import Updates
from helix_dash.ui.table import Field


@dataclass(frozen=True, slots=True)
class Line:
    """One row.

    Args:
        name: what it is about.
        cells: its texts by the keys of the fields.
        where: the column and value that a click on the name filters by.
        href: the address of this app that the name leads to, in place of ``where``.
        share: its share of the largest, 0–1, drawn by the field that has a bar.
        colour: its colour in the charts; empty where it has none.
        tones: how a cell is tinted, by the keys of the fields (``good``, ``bad``, ``warn``, ``info``).
        deeds: by the keys of the fields, what the cell's button asks for: a text that the page understands, which
            stands in the button's ``data-deed``.
        raw: the figures behind rounded texts in all their digits, for the CSV file, by the keys of the fields.
    """

    name: str
    cells: Mapping[str, str]
    where: tuple[str, str] | None = None
    href: str = ""
    share: float = 0.0
    colour: str = ""
    tones: Mapping[str, str] | None = None
    deeds: Mapping[str, str] | None = None
    raw: Mapping[str, str] | None = None


def table(name: str, caption: str) -> Component:
    """An empty table."""
    return box(name, caption)


def box(name: str, caption: str, **shape: str) -> Component:
    """Where the browser builds table ``name``; ``shape`` are attributes that tell it what no refresh changes."""
    region = html.Div(
        id=f"hx-{name}-table",
        className="hx-table-scroll",
        tabIndex="0",
        role="region",
        **{"aria-label": caption, **shape},
    )
    return html.Div(region, id=f"hx-{name}-rows", className="hx-rows")


def download(name: str, title: str) -> Component:
    """The button that gives table ``name`` as a CSV file, for the tools of its panel."""
    words = f"{title}: download CSV"
    return html.Button(
        icon("download"),
        className="hx-button hx-button--icon hx-panel__csv",
        type="button",
        title=words,
        **{"data-rows-csv": name, "aria-label": words},
    )


def outputs(name: str) -> dict[str, Output]:
    """The place a callback fills: no component of Dash keeps it, assets/fill.js gives it to assets/rows.js."""
    return {f"{name}.rows": Output(f"hx-{name}-rows", "data")}


def fill(
    name: str, head: str, fields: Sequence[Field], lines: Sequence[Line], texts: Collection[str] = ()
) -> Updates:
    """The new rows, the first column named ``head``; a cell without a figure tells why.

    Args:
        texts: keys of the fields that hold words, not figures.
    """
    columns = [
        {"title": field.title}
        | ({"bar": True} if field.bar else {})
        | ({"text": True} if field.key in texts else {})
        for field in fields
    ]
    return {
        f"{name}.rows": {"head": head, "columns": columns, "rows": [_sent(line, fields) for line in lines]}
    }


def _sent(line: Line, fields: Sequence[Field]) -> dict[str, Any]:
    cells: list[Any] = []
    for field in fields:
        text, tone = line.cells[field.key], (line.tones or {}).get(field.key)
        why = field.unknown if text == UNKNOWN else ""
        deed = (line.deeds or {}).get(field.key)
        more = (
            ({"why": why} if why else {})
            | ({"tone": tone} if tone else {})
            | ({"deed": deed} if deed else {})
        )
        if line.raw is not None and field.key in line.raw:
            more["raw"] = line.raw[field.key]
        cells.append({"text": text} | more if more else text)
    found: dict[str, Any] = {"name": line.name, "cells": cells, "share": round(line.share, 4)}
    if line.where:
        found["where"] = list(line.where)
    if line.href:
        found["href"] = line.href
    return found | ({"colour": line.colour} if line.colour else {})
