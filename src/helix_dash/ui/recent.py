"""The newest requests as a short table; each line leads to its request in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from helix_dash.ui import rows
from helix_dash.ui.panel import Updates
from helix_dash.ui.table import Field

Row = Mapping[str, Any]
TONES = {"success": "good", "error": "bad", "throttled": "warn", "blocked": "info"}


def fill(
    name: str,
    requests: Sequence[Row],
    fields: Mapping[str, Callable[[Row], str]],
    *,
    zone: tzinfo,
    log: str,
) -> Updates:
    """The new rows of table ``name``: when, status, model, then ``fields``.

    Args:
        requests: as the log shows them, newest first.
        fields: title → writes a request's text.
        zone: what times are written in.
        log: the address of the request log under the page's filter, to which a request's id is added.
    """
    columns = (Field("status", "Status"), Field("model", "Model"), *(Field(title, title) for title in fields))
    lines = [
        rows.Line(
            f"{datetime.fromisoformat(str(row['time'])).astimezone(zone):%-d %b, %H:%M:%S}",
            {"status": row["status"], "model": row["model"] or "Unknown"}
            | {title: words(row) for title, words in fields.items()},
            href=f"{log}&{urlencode({'request': row['row_id']})}",
            tones={"status": TONES.get(row["status"], "none")},
        )
        for row in requests
    ]
    return rows.fill(name, "When", columns, lines, texts=("status", "model"))


def address(path: str, state: Mapping[str, Any], **more: Sequence[str]) -> str:
    """The address ``path`` under the filter of a page's ``state``, and ``more`` conditions."""
    chosen: dict[str, Any] = {"from": state.get("from") or "now-24h", "to": state.get("to") or "now"}
    if state.get("zone"):
        chosen["zone"] = state["zone"]
    chosen |= {column: list(values) for column, values in (state.get("where") or {}).items()}
    chosen |= {f"{column}!": list(values) for column, values in (state.get("without") or {}).items()}
    chosen |= {column: list(values) for column, values in more.items() if column not in chosen}
    return f"{path}?{urlencode(chosen, doseq=True)}"
