"""The grid of requests: its columns from the schema table, its look from our tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash_ag_grid import AgGrid

from helix_dash.log.schema import SHOWN, Column
from helix_dash.pages.requests.queries import BLOCK

GRID = "hx-requests"

USUAL = (
    "time", "status", "model", "endpoint", "user", "team", "key_alias", "input_tokens", "output_tokens", "cost_usd",
    "latency_ms", "ttft_ms", "cache", "error_class",
)  # fmt: skip
"""The columns a person sees before choosing others."""

WIDTHS = {"time": 212, "status": 120, "model": 188, "user": 180, "error_class": 176, "call_id": 280, "trace_id": 280, "prompt_hash": 200, "tags": 200}  # fmt: skip

FILTERS: dict[str, tuple[str, list[str]]] = {
    "word": ("agTextColumnFilter", ["contains", "notContains", "equals", "notEqual", "startsWith", "endsWith", "blank", "notBlank"]),
    "text": ("agTextColumnFilter", ["equals", "contains", "startsWith", "blank", "notBlank"]),
    "time": ("agDateColumnFilter", ["greaterThan", "lessThan", "inRange"]),
    "flag": ("agTextColumnFilter", ["equals", "blank", "notBlank"]),
}  # fmt: skip
NUMBER = ("agNumberColumnFilter", ["greaterThan", "greaterThanOrEqual", "lessThan", "lessThanOrEqual", "inRange", "equals", "notEqual", "blank", "notBlank"])  # fmt: skip

FORMATS = {
    "time": "hxTime(params.value)",
    "count": "hxNumber(params.value, 0)",
    "duration": "hxNumber(params.value, 1)",
    "money": "hxMoney(params.value)",
    "share": "hxNumber(params.value, 3)",
    "flag": "hxFlag(params.value)",
    "word": "hxWord(params.value)",
    "text": "hxWord(params.value)",
}

THEME = (
    "themeQuartz.withParams({backgroundColor:'var(--surface)',foregroundColor:'var(--text)',accentColor:'var(--accent)',"
    "borderColor:'var(--border)',chromeBackgroundColor:'var(--surface)',headerBackgroundColor:'var(--surface)',"
    "headerTextColor:'var(--muted)',rowHoverColor:'var(--raised)',selectedRowBackgroundColor:'var(--accent-soft)',"
    "oddRowBackgroundColor:'var(--surface)',menuBackgroundColor:'var(--surface)',inputBackgroundColor:'var(--surface)',"
    "inputBorder:'1px solid var(--control)',fontFamily:'var(--font)',fontSize:13,headerFontSize:12,rowHeight:'var(--grid-row)',"
    "headerHeight:'var(--grid-head)',cellHorizontalPadding:12,wrapperBorder:false,columnBorder:false,headerColumnBorder:false,"
    "browserColorScheme:'inherit',popupShadow:'var(--shadow)'})"
)


def grid(state: Mapping[str, Any] | None) -> AgGrid:
    """The grid, with the filter and order that the address asks for.

    Args:
        state: ``{"filterModel": …, "sortModel": …}`` from the address; nothing of it is trusted here, the
            server reads it again with every block.
    """
    wanted = state if isinstance(state, Mapping) else {}
    order = wanted.get("sortModel")
    first = order[0] if isinstance(order, list) and order and isinstance(order[0], Mapping) else {}
    filters = wanted.get("filterModel")
    return AgGrid(
        id=GRID,
        rowModelType="infinite",
        columnDefs=[_column(column, first) for column in sorted(SHOWN, key=_place)],
        defaultColDef={"resizable": True, "sortable": True, "minWidth": 80, "suppressMovable": False},
        filterModel=dict(filters) if isinstance(filters, Mapping) else {},
        getRowId="params.data.row_id",
        dashGridOptions={
            "theme": {"function": THEME},
            "cacheBlockSize": BLOCK,
            "maxBlocksInCache": 20,
            "maxConcurrentDatasourceRequests": 1,
            "infiniteInitialRowCount": 1,
            "rowBuffer": 20,
            "animateRows": False,
            "suppressCellFocus": False,
            "ensureDomOrder": True,
            "suppressMultiSort": True,
            # marks the row that the inspector shows; a person does not select
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": False},
            "tooltipShowDelay": 400,
            "suppressNoRowsOverlay": True,
        },
        className="",
        style={"height": "100%", "width": "100%"},
    )


def _place(column: Column) -> int:
    """The usual columns first, in their order; ``sorted`` keeps the order of the others."""
    return USUAL.index(column.name) if column.name in USUAL else len(USUAL)


def _column(column: Column, order: Mapping[str, Any]) -> dict[str, Any]:
    number = column.kind in ("count", "money", "duration", "share")
    kind, options = FILTERS.get(column.kind, NUMBER)
    definition: dict[str, Any] = {
        "field": column.name,
        "headerName": column.title,
        "headerTooltip": column.help,
        "filter": kind,
        "filterParams": {
            "filterOptions": options,
            "maxNumConditions": 1,
            "debounceMs": 400,
            "buttons": ["reset"],
        },
        "hide": column.name not in USUAL,
        "width": WIDTHS.get(column.name, 132),
        "valueFormatter": {"function": FORMATS[column.kind]},
        "type": "rightAligned" if number else None,
        # the log is newest first unless somebody asks otherwise
        "initialSort": _initial(column.name, order),
        "cellClassRules": {"hx-unknown": "params.value == null"},
    }
    if column.name == "time":
        definition |= {"pinned": "left", "lockPinned": True}
    if column.name == "status":
        definition |= {"cellRenderer": "HxStatus"}
    return {key: value for key, value in definition.items() if value is not None}


def _initial(name: str, order: Mapping[str, Any]) -> str | None:
    if order.get("colId") == name and order.get("sort") in ("asc", "desc"):
        return str(order["sort"])
    return "desc" if name == "time" and not order else None
