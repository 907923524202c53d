"""How the costs page looks: its skeleton, and the places of what :mod:`.show` fills in."""

from __future__ import annotations

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.pages.costs import budget_form, budget_rows, price_form
from helix_dash.ui import controls, fill, kpi, panel, rich_table, rows, sources

ROOT, SPENDING, ARITHMETIC, TAB = "hx-costs", "hx-costs-spending", "hx-costs-arithmetic", "hx-costs-by"
GATEWAY = "costs-gateway"

CARDS: tuple[tuple[str, str], ...] = (
    ("cost_usd", "Spend"),
    ("costs_month", "Month to date"),
    ("costs_month_end", "Projected month end"),
    ("unpriced_requests", "Unpriced requests"),
)
STRIP: tuple[tuple[str, str], ...] = (
    ("costs_today", "Today"),
    ("costs_day_average", "Average a day"),
    ("cost_usd_per_request", "Cost per request"),
    ("costs_per_million", "Cost per 1M tokens"),
    ("avoided_cost_usd", "Saved by the cache"),
    ("costs_at_risk", "Budgets at risk"),
)
BY = (
    ("model", "Models"),
    ("endpoint", "Endpoints"),
    ("provider", "Providers"),
    ("team", "Teams"),
    ("user", "Users"),
    ("key", "Keys"),
    ("tag", "Tags"),
)

SPENDING_CHARTS = ("costs-spend", "costs-parts", "costs-month", "costs-heat", "costs-users", "costs-runway")
ARITHMETIC_CHARTS = ("costs-classes", "costs-change")
CHARTS = (*SPENDING_CHARTS, *ARITHMETIC_CHARTS)
SPENDING_ROWS = ("costs-table", "costs-days", "costs-owners")
ARITHMETIC_ROWS = ("costs-steps", "costs-unpriced", "costs-prices", "costs-amounts", "costs-own", "costs-ordered", "costs-shadow")  # fmt: skip
SPENDING_PANELS = (*SPENDING_CHARTS, *SPENDING_ROWS, "costs-budgets")
ARITHMETIC_PANELS = (*ARITHMETIC_CHARTS, *ARITHMETIC_ROWS)


def layout() -> Component:
    """The page without data."""
    by = html.Div(
        [html.Span("Split by", className="hx-label"), controls.tabs(TAB, BY, "Split spending by")],
        className="hx-row hx-costs-by",
    )
    return html.Div(
        id=ROOT,
        className="hx-stack",
        **{"data-page-state": "loading"},
        children=[
            fill.store(SPENDING),
            fill.store(ARITHMETIC),
            html.Div([kpi.card(name, label) for name, label in CARDS], className="hx-kpis"),
            html.Div([kpi.card(name, label, small=True) for name, label in STRIP], className="hx-card hx-strip"),
            by,
            html.Div(_spending(), className="hx-grid"),
            html.H2("Why did cost change", className="hx-part"),
            html.Div(_change(), className="hx-grid"),
            html.H2("Budgets", className="hx-part"),
            html.Div([_budgets(), _runway(), budget_form.layout()], className="hx-grid"),
            html.H2("Prices", className="hx-part"),
            html.Div([html.Div(_unpriced(), className="hx-col-8 hx-costs-column"), price_form.layout(), *_prices()], className="hx-grid"),
            html.H2("The gateway's counters beside the log", className="hx-part"),
            html.Div([sources.banner(GATEWAY), sources.status(GATEWAY)], className="hx-stack"),
            html.Div([_list("costs-days", "By day", 6), _list("costs-owners", "By user and model", 6)], className="hx-grid"),
        ],
    )  # fmt: skip


def _spending() -> list[Component]:
    over = (("over", "Over time"), ("sum", "Cumulative"))
    kinds = (("bar", "Bars"), ("treemap", "Treemap"))
    return [
        panel.chart("costs-spend", "Spend", "Dollars over time by the chosen dimension", span=8, views=over),
        panel.chart("costs-parts", "Who and what", "Dollars by the chosen dimension", span=4, views=kinds),
        _list("costs-table", "Spend in figures", 12),
        panel.chart("costs-month", "This month", "Dollars of the month added up, and the projection to its end", span=7, carries=None),
        panel.chart("costs-classes", "By class of tokens", "Dollars by class of tokens", span=5),
        panel.chart("costs-heat", "By weekday and hour", "Dollars by weekday and hour", span=6),
        panel.chart("costs-users", "Users, the dearest first", "Dollars by user, and their share added up", span=6),
    ]  # fmt: skip


def _change() -> list[Component]:
    return [
        panel.chart(
            "costs-change",
            "From the period before to this one",
            "The change of cost in steps",
            span=6,
            height=280,
        ),
        _list("costs-steps", "Step by step", 6),
    ]


def _budgets() -> Component:
    content = rich_table.table("costs-budgets", "How budgets stand", "Budget", budget_rows.COLUMNS)
    tools = rows.download("costs-budgets", "Budgets")
    return panel.panel(
        "costs-budgets", "How they stand", content, span=12, kind="list", height=120, tools=tools
    )


def _runway() -> Component:
    words = "Dollars of a budget's window added up, the projection to its end, and its limit"
    return panel.chart("costs-runway", "The budget that runs out first", words, span=8, carries=None)


def _prices() -> list[Component]:
    return [
        _list("costs-prices", "Price by model", 12),
        _list("costs-amounts", "Amount × price", 7),
        _list("costs-shadow", "The same tokens at other models' prices", 5),
    ]


def _unpriced() -> list[Component]:
    return [
        _list("costs-unpriced", "Unpriced", 12),
        _list("costs-own", "Set by operators", 12),
        _list("costs-ordered", "Recomputed", 12),
    ]


def _list(name: str, title: str, span: int) -> Component:
    tools = rows.download(name, title)
    return panel.panel(name, title, rows.table(name, title), span=span, kind="list", height=120, tools=tools)


def spending_outputs() -> dict[str, Output]:
    """Every place that what totals tell may fill."""
    found = {"page.state": Output(ROOT, "data-page-state")}
    for name, _ in (*CARDS, *STRIP):
        found |= kpi.outputs(name)
    for name in SPENDING_PANELS:
        found |= panel.outputs(name, figure=name in CHARTS)
    for name in SPENDING_ROWS:
        found |= rows.outputs(name)
    found |= rich_table.outputs("costs-budgets")
    return found | sources.outputs(GATEWAY) | budget_form.outputs()


def arithmetic_outputs() -> dict[str, Output]:
    """Every place that what single requests tell may fill."""
    found: dict[str, Output] = {}
    for name in ARITHMETIC_PANELS:
        found |= panel.outputs(name, figure=name in CHARTS)
    for name in ARITHMETIC_ROWS:
        found |= rows.outputs(name)
    return found | price_form.outputs() | {"page.state": Output(ROOT, "data-page-state")}
