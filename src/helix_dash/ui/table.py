"""Tables of a fixed number of rows whose cells are filled in place, so that focus and scroll survive a refresh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.ui.format import UNKNOWN
from helix_dash.ui.panel import Updates


@dataclass(frozen=True, slots=True)
class Field:
    """A column of figures.

    Args:
        key: its name in :class:`Row`.
        title: its words.
        bar: whether the row's share is drawn beside the figure.
        unknown: why a figure can be missing ("no output tokens"): told by the cell that shows a dash.
    """

    key: str
    title: str
    bar: bool = False
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Args:
        name: what it is about.
        where: the column and value that a click on it filters by.
        cells: its figures by the keys of the fields.
        share: its share of the largest, 0–1.
        colour: its colour in the charts; empty where it has none.
    """

    name: str
    where: tuple[str, str] | None
    cells: dict[str, str]
    share: float = 0.0
    colour: str = ""


def table(name: str, caption: str, head: str, fields: Sequence[Field], rows: int) -> Component:
    """An empty table of ``rows`` rows, the first column named ``head``."""
    return html.Div(
        className="hx-table-scroll",
        tabIndex="0",
        role="region",
        **{"aria-label": caption},
        children=html.Table(
            className="hx-table",
            children=[
                html.Caption(caption, className="hx-sr"),
                html.Thead(
                    html.Tr(
                        [
                            html.Th(head, id=f"hx-{name}-head", scope="col"),
                            *(html.Th(field.title, scope="col", className="hx-number") for field in fields),
                        ]
                    )
                ),
                html.Tbody([_row(name, index, fields) for index in range(rows)]),
            ],
        ),
    )


def _row(name: str, index: int, fields: Sequence[Field]) -> Component:
    key = f"hx-{name}-{index}"
    return html.Tr(
        id=f"{key}-row",
        style={"display": "none"},
        children=[
            html.Th(_name(key, "hx-name"), scope="row"),
            *(
                html.Td(html.Span("", id=f"{key}-{field.key}", className="hx-share" if field.bar else ""), className="hx-number")
                for field in fields
            ),
        ],
    )  # fmt: skip


def _name(key: str, style: str) -> Component:
    return html.Button(
        "", id=f"{key}-name", className=style, type="button", **{"data-filter": "", "data-value": ""}
    )


def outputs(name: str, fields: Sequence[Field], rows: int) -> dict[str, Output]:
    """The places a callback fills in table ``name``."""
    found = {f"{name}.head": Output(f"hx-{name}-head", "children")}
    for index in range(rows):
        found |= _row_outputs(name, index)
        for field in fields:
            found[f"{name}.{index}.{field.key}"] = Output(f"hx-{name}-{index}-{field.key}", "children")
            if field.unknown:
                found[f"{name}.{index}.{field.key}.why"] = Output(f"hx-{name}-{index}-{field.key}", "title")
    return found


def _row_outputs(name: str, index: int) -> dict[str, Output]:
    key = f"hx-{name}-{index}"
    return {
        f"{name}.{index}.row": Output(f"{key}-row", "style"),
        f"{name}.{index}.name": Output(f"{key}-name", "children"),
        f"{name}.{index}.filter": Output(f"{key}-name", "data-filter"),
        f"{name}.{index}.value": Output(f"{key}-name", "data-value"),
    }


def fill(name: str, rows: Sequence[Row], size: int, fields: Sequence[Field] = ()) -> Updates:
    """The new cells of a table (of ``fields``) or bar list of ``size`` rows; rows beyond ``rows`` are hidden."""
    reasons = {field.key: field.unknown for field in fields if field.unknown}
    updates: dict[str, Any] = {}
    for index in range(size):
        if index >= len(rows):
            updates[f"{name}.{index}.row"] = {"display": "none"}
            continue
        row = rows[index]
        column, value = row.where or ("", "")
        mark = {"--mark": row.colour, "--mark-size": "8px"} if row.colour else {}
        updates[f"{name}.{index}.row"] = {"--share": f"{row.share * 100:.1f}%"} | mark
        updates[f"{name}.{index}.name"] = row.name
        updates[f"{name}.{index}.filter"] = column
        updates[f"{name}.{index}.value"] = value
        updates |= {f"{name}.{index}.{key}": text for key, text in row.cells.items()}
        for key, reason in reasons.items():
            updates[f"{name}.{index}.{key}.why"] = reason if row.cells.get(key) == UNKNOWN else ""
    return updates


def bars(name: str, rows: int) -> Component:
    """A ranking as horizontal bars: name, count, share; each bar is a button that filters."""
    return html.Ol(
        className="hx-bars",
        style={"listStyle": "none", "padding": 0, "margin": 0},
        children=[
            html.Li(
                id=f"hx-{name}-{index}-row",
                style={"display": "none"},
                children=html.Button(
                    id=f"hx-{name}-{index}-name-button",
                    className="hx-bar",
                    type="button",
                    children=[
                        html.Span(
                            "",
                            id=f"hx-{name}-{index}-name",
                            className="hx-bar__name",
                            **{"data-filter": "", "data-value": ""},
                        ),
                        html.Span("", id=f"hx-{name}-{index}-count", className="hx-bar__count"),
                        html.Span("", id=f"hx-{name}-{index}-share", className="hx-bar__share"),
                    ],
                ),
            )
            for index in range(rows)
        ],
    )


def bar_outputs(name: str, rows: int) -> dict[str, Output]:
    """The places a callback fills in bar list ``name``."""
    found: dict[str, Output] = {}
    for index in range(rows):
        found |= _row_outputs(name, index)
        found[f"{name}.{index}.count"] = Output(f"hx-{name}-{index}-count", "children")
        found[f"{name}.{index}.share"] = Output(f"hx-{name}-{index}-share", "children")
    return found
