"""One column of one request in words: value, unknown, copy button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component

from helix_dash.log.schema import BY_NAME, Column
from helix_dash.ui import format as fmt
from helix_dash.ui.drawer import copy
from helix_dash.zones import Zone

TONES = {"success": "good", "error": "bad", "throttled": "warn", "blocked": "info"}
COPYABLE = {"call_id", "trace_id", "session_id", "prompt_hash", "cache_key", "producer"}


def title(column: Column) -> str:
    """The column's name without its unit, which stands with the value here."""
    return column.title.split(" (")[0]


def group(heading: str, names: Sequence[str], row: Mapping[str, Any], zone: Zone) -> Component:
    """A heading and one line per column of ``names``."""
    lines: list[Component] = []
    for name in names:
        column, value = BY_NAME[name], row.get(name)
        shown: list[Any] = [words(column, value, zone)]
        if name in COPYABLE and value:
            shown.append(copy(str(value), f"Copy {column.title}"))
        lines += [
            html.Dt(title(column), title=column.help),
            html.Dd(shown, className="hx-unknown" if value is None else "", **{"data-field": name}),
        ]
    return html.Section([html.H3(heading), html.Dl(lines)])


def words(column: Column, value: Any, zone: Zone) -> str:
    """``value`` of ``column`` in all its digits."""
    if value is None:
        return fmt.UNKNOWN
    match column.kind:
        case "time":
            return moment(value, zone)
        case "money":
            return fmt.full(value, "usd")
        case "duration":
            return fmt.full(value, "ms")
        case "flag":
            return "yes" if value else "no"
        case "count" | "share" | "rate":
            return fmt.full(value, "count")
        case _:
            return str(value)


def short(column: Column, value: Any) -> str:
    """``value`` of ``column`` in a few digits."""
    return fmt.short(value, {"money": "usd", "duration": "ms"}.get(column.kind, "count"))


def moment(value: Any, zone: Zone) -> str:
    """An instant of the log in the reporting zone, to the millisecond."""
    if not value:
        return fmt.UNKNOWN
    instant = datetime.fromisoformat(str(value)).astimezone(zone.info)
    return f"{instant:%-d %b %Y, %H:%M:%S}.{instant.microsecond // 1000:03d} {zone.name}"
