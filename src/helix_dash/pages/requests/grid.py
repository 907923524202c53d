"""The grid of requests: its columns from the schema table, its look from our tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash_ag_grid import AgGrid

from helix_dash.log.schema import BY_NAME, SHOWN, Column
from helix_dash.pages.requests.columns import FIRST, NARROWEST, shown, width_of
from helix_dash.pages.requests.queries import BLOCK

GRID = "hx-requests"

FILTERS: dict[str, tuple[str, list[str]]] = {
    "word": ("agTextColumnFilter", ["contains", "notContains", "equals", "notEqual", "startsWith", "endsWith", "blank", "notBlank"]),
    "text": ("agTextColumnFilter", ["equals", "contains", "startsWith", "blank", "notBlank"]),
    "time": ("agDateColumnFilter", ["greaterThan", "lessThan", "inRange"]),
    "flag": ("agTextColumnFilter", ["equals", "notEqual", "blank", "notBlank"]),
}  # fmt: skip
NUMBER = ("agNumberColumnFilter", ["greaterThan", "greaterThanOrEqual", "lessThan", "lessThanOrEqual", "inRange", "equals", "notEqual", "blank", "notBlank"])  # fmt: skip

FORMATS = {
    "time": "hxTime(params.value)",
    "count": "hxNumber(params.value, 0)",
    "duration": "hxDuration(params.value)",
    "rate": "hxNumber(params.value, 1)",
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


def grid(state: Mapping[str, Any] | None, columns: Any = None) -> AgGrid:
    """The grid, with the filter, order and columns that the address asks for.

    Args:
        state: ``{"filterModel": …, "sortModel": …}`` from the address; nothing of it is trusted here, the
            server reads it again with every block.
        columns: names and widths in order, see :mod:`helix_dash.pages.requests.columns`.
    """
    wanted = state if isinstance(state, Mapping) else {}
    order = wanted.get("sortModel")
    first = order[0] if isinstance(order, list) and order and isinstance(order[0], Mapping) else {}
    filters = wanted.get("filterModel")
    return AgGrid(
        id=GRID,
        rowModelType="infinite",
        columnDefs=_columns(columns, first),
        defaultColDef={"resizable": True, "sortable": True, "minWidth": NARROWEST, "suppressMovable": False},
        filterModel=dict(filters) if isinstance(filters, Mapping) else {},
        getRowId="params.data.row_id",
        dashGridOptions={
            "theme": {"function": THEME},
            "cacheBlockSize": BLOCK,
            # a refresh asks for every block that is kept
            "maxBlocksInCache": 2,
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


def _columns(wanted: Any, order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The columns to show, in their order, then all others, hidden."""
    places = dict(shown(wanted))
    hidden = [column.name for column in SHOWN if column.name not in places]
    return [
        _column(BY_NAME[name], order)
        | {"hide": name not in places, "width": places.get(name, width_of(name))}
        for name in (*places, *hidden)
    ]


def _column(column: Column, order: Mapping[str, Any]) -> dict[str, Any]:
    number = column.kind in ("count", "money", "duration", "share", "rate")
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
        "valueFormatter": {"function": FORMATS[column.kind]},
        "type": "rightAligned" if number else None,
        # the log is newest first unless somebody asks otherwise
        "initialSort": _initial(column.name, order),
        "cellClassRules": {"hx-unknown": "params.value == null"},
    }
    if column.name == FIRST:
        definition |= {"pinned": "left", "lockPinned": True, "lockVisible": True, "lockPosition": "left"}
    if column.name == "status":
        definition |= {"cellRenderer": "HxStatus"}
    return {key: value for key, value in definition.items() if value is not None}


def _initial(name: str, order: Mapping[str, Any]) -> str | None:
    if order.get("colId") == name and order.get("sort") in ("asc", "desc"):
        return str(order["sort"])
    return "desc" if name == "time" and not order else None
