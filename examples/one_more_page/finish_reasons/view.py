"""How the page looks."""

from dash import Output, html

from helix_dash.model import Filter
from helix_dash.ui import format as fmt
from helix_dash.ui import panel, states, table

ROWS = 10


def layout() -> html.Div:
    bars = panel.panel("finish", "Finish reasons", table.bars("finish", ROWS), span=12, kind="list")
    return html.Div(bars, className="hx-grid")


def outputs() -> dict[str, Output]:
    return panel.outputs("finish", figure=False) | table.bar_outputs("finish", ROWS)


def show(counts: dict[str, int], where: Filter) -> panel.Updates:
    if not counts:
        return panel.says(
            "finish",
            states.empty("requests", filtered=bool(where.conditions), period=fmt.these(where.period)),
        )
    total, top = sum(counts.values()), max(counts.values())
    rows = [table.Row(name or "Unknown", ("finish_reason", name), {"count": fmt.short(count, "count"), "share": fmt.share(count, total)}, count / top) for name, count in counts.items()]  # fmt: skip
    ready = panel.ready("finish", subtitle=f"Requests in {fmt.these(where.period)}")
    return ready | table.fill("finish", rows[:ROWS], ROWS)
