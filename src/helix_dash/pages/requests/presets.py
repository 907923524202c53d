"""Questions that are asked every day, one press each: tests of the grid's own filter model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash import Input, Output, html
from dash.development.base_component import Component

from helix_dash.log.schema import SHOWN
from helix_dash.ui import shell
from helix_dash.ui.wiring import Callbacks

ROW, CHIPS, BADGE = "hx-presets", "hx-grid-chips", "hx-search-badge"


@dataclass(frozen=True, slots=True)
class Preset:
    """A name and the test of one column that it sets, in AG Grid's words."""

    key: str
    title: str
    column: str
    test: Mapping[str, Any]


def _number(least: float) -> dict[str, Any]:
    return {"filterType": "number", "type": "greaterThan", "filter": least}


def _equals(word: str) -> dict[str, Any]:
    return {"filterType": "text", "type": "equals", "filter": word}


PRESETS = (
    Preset("errors", "Errors only", "status", _equals("error")),
    Preset("throttled", "429s", "status", _equals("throttled")),
    Preset("slow", "Latency > 10 s", "latency_ms", _number(10_000)),
    Preset("slow-start", "Slow generations", "ttft_ms", _number(5_000)),
    Preset("cost", "High cost > $1", "cost_usd", _number(1)),
    Preset("tokens", "High tokens > 50k", "total_tokens", _number(50_000)),
    Preset("unpriced", "Unpriced", "priced", _equals("false")),
    Preset("pii", "PII flagged", "pii", {"filterType": "text", "type": "notBlank"}),
)
HELP = {"slow-start": "Time to the first token over 5 s", "throttled": "Refused with HTTP 429"}


def row() -> Component:
    """The presets side by side, and a chip for every other test of the grid's filter."""
    titles = {column.name: column.title for column in SHOWN}
    return html.Div(
        id=ROW,
        className="hx-presets",
        role="group",
        **{"aria-label": "Presets", "data-titles": json.dumps(titles)},
        children=[
            *(
                html.Button(
                    preset.title,
                    id=f"hx-preset-{preset.key}",
                    className="hx-preset",
                    type="button",
                    title=HELP.get(preset.key, preset.title),
                    **{
                        "data-test": json.dumps({preset.column: dict(preset.test)}),
                        "data-preset": preset.key,
                        "aria-pressed": "false",
                    },
                )
                for preset in PRESETS
            ),
            html.Div(id=CHIPS, className="hx-chips"),
        ],
    )


def wire(on: Callbacks) -> None:
    """Which of them hold is read from the address."""
    on.in_browser(
        "hxrequests.filtered",
        Output(CHIPS, "children"),
        Output(BADGE, "hidden"),
        *(Output(f"hx-preset-{preset.key}", "aria-pressed") for preset in PRESETS),
        Input(shell.FILTER, "data"),
    )
