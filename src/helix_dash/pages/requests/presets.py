"""Questions that are asked every day, one press each: filters of the address and tests of the grid's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dash import Input, Output, html
from dash.development.base_component import Component

from helix_dash.log.schema import SHOWN
from helix_dash.ui import controls, icon, shell
from helix_dash.ui.wiring import Callbacks

ROW, CHIPS, BADGE = "hx-presets", "hx-grid-chips", "hx-search-badge"


Tests = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Preset:
    """A name and what it sets.

    Args:
        title: what its button says.
        tests: column → test, in AG Grid's words; they hold together with all else.
        where: column → values of which one must hold: parameters of the address, shown among the filters.
        help: what it means, where the title does not say it.
    """

    key: str
    title: str
    tests: Tests = field(default_factory=dict)
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    help: str = ""


def _more(least: float) -> dict[str, Any]:
    return {"filterType": "number", "type": "greaterThan", "filter": least}


def _word(kind: str, word: str = "") -> dict[str, Any]:
    return {"filterType": "text", "type": kind} | ({"filter": word} if word else {})


PRESETS = (
    Preset("errors", "Errors only", where={"status": ("error",)}),
    Preset("warnings", "Warnings & errors", where={"status": ("error", "throttled", "blocked")}, help="Failed, refused for a limit, or blocked by a guardrail"),
    Preset("throttled", "429s", where={"status": ("throttled",)}, help="Refused with HTTP 429"),
    Preset("slow", "Latency > 10 s", {"latency_ms": _more(10_000)}),
    Preset("generations", "Slow generations > 5 s", {"latency_ms": _more(5_000)}, {"endpoint": ("chat", "completions", "responses")}, "Calls that generate text and took longer than 5 s"),
    Preset("cost", "High cost > $1", {"cost_usd": _more(1)}),
    Preset("tokens", "High tokens > 50k", {"total_tokens": _more(50_000)}),
    Preset("unpriced", "Unpriced", {"priced": _word("equals", "false"), "total_tokens": _more(0)}, {"status": ("success",)}, "Succeeded, used tokens, and no price is known"),
    Preset("pii", "PII flagged", {"pii": _word("notBlank")}, help="A guardrail found personal data"),
)  # fmt: skip

CLOSEST = {
    "cache": "miss",
    "grid": json.dumps({"filterModel": {"similarity": _word("notBlank")}, "sortModel": [{"colId": "similarity", "sort": "desc"}]}),
}  # fmt: skip
"""What comes nearest to near misses: misses by how close their best match was."""


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
                    title=preset.help or preset.title,
                    **{
                        "data-tests": json.dumps(preset.tests),
                        "data-where": json.dumps(preset.where),
                        "data-preset": preset.key,
                        "aria-pressed": "false",
                    },
                )
                for preset in PRESETS
            ),
            _near_misses(),
            html.Div(id=CHIPS, className="hx-chips"),
        ],
    )


def _near_misses() -> Component:
    """Why there is no such preset, and what there is instead."""
    told = (
        "A near miss is a request whose best match was just below the cache's threshold. A request records how close "
        "its best match was, not the threshold it was held against. The Cache page lists near misses by the threshold "
        "that the gateway tells now."
    )
    return controls.popover(
        "hx-near-misses",
        ["Cache near-misses", icon("chevron-down")],
        html.Div(
            [
                html.P(told),
                html.Button(
                    "Show misses, closest match first",
                    className="hx-button",
                    type="button",
                    **{"data-set": json.dumps(CLOSEST)},
                ),
            ],
            className="hx-presets__why",
        ),
        name="Cache near-misses: why not",
        side="right",
        summary="hx-preset",
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
