"""How the cache page looks: the skeleton, and the new values of what totals and the gateway tell."""

from __future__ import annotations

from dash import Output, dcc, html
from dash.development.base_component import Component

from helix_dash.metrics.cache_gateway import GatewayCache
from helix_dash.pages.cache import controls, figures, prompt_drawer, tables
from helix_dash.pages.cache.queries import Cache
from helix_dash.samples.sources import GATEWAY_EVERY
from helix_dash.ui import controls as page_controls
from helix_dash.ui import fill, kpi, panel, rows, sources, table
from helix_dash.ui import format as fmt
from helix_dash.ui.look import Look, fill_chart, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message

ROOT, TOTALS, SINGLE = "hx-cache", "hx-cache-totals", "hx-cache-single"
PICK, POLICY, NOTE = "hx-cache-pick", "hx-cache-policy", "hx-cache-note"
SOURCE = "cache-gateway"
REASONS, ADVICE = 6, 7

CARDS = (
    ("cache_hit_rate", "Hit rate"),
    ("avoided_cost_usd", "Saved by the cache"),
    ("cache_time_saved", "Time saved"),
    ("cache_crossings", "Answers across tenants"),
)
STRIP = (
    ("cache_rate_exact", "Exact hit rate"),
    ("cache_rate_semantic", "Semantic hit rate"),
    ("cache_hits", "Hits"),
    ("cache_misses", "Misses"),
    ("cache_bypass", "Bypassed"),
    ("cache_provider", "Provider's prompt cache"),
    ("cache_latency_hit", "Latency p50, hit"),
    ("cache_latency_miss", "Latency p50, miss"),
    ("cache_entries", "Entries"),
    ("cache_memory", "Memory, MB"),
    ("cache_evicted", "Evictions"),
    ("cache_expiring", "Gone in an hour"),
)
OF_SINGLE = ("cache_time_saved", "cache_crossings")
OF_TOTALS = tuple(name for name, _ in (*CARDS, *STRIP) if name not in OF_SINGLE)

OVER_TIME = tuple(figures.OVER_TIME)
TOTALS_CHARTS = (*OVER_TIME, "cache-by")
SINGLE_CHARTS = tuple(figures.SINGLE)
CHARTS = (*TOTALS_CHARTS, *SINGLE_CHARTS)
TOTALS_TABLES = ("cache-bypass", "cache-count", "cache-entries", "cache-largest", "cache-orders")
SINGLE_TABLES = ("cache-prompts", "cache-near", "cache-pairs", "cache-waste", "cache-cross", "cache-try")
TOTALS_PANELS = (*TOTALS_CHARTS, *TOTALS_TABLES)
SINGLE_PANELS = (*SINGLE_CHARTS, *SINGLE_TABLES, "cache-reasons", "cache-advice")

_HITS = {"cache": ("exact", "semantic")}


def layout() -> Component:
    """The page without data."""
    return html.Div(
        id=ROOT,
        className="hx-stack",
        **{"data-page-state": "loading"},
        children=[
            fill.store(TOTALS),
            fill.store(SINGLE),
            html.P("", id=NOTE, className="hx-faint hx-page-note"),
            html.Div([kpi.card(name, label) for name, label in CARDS], className="hx-kpis"),
            html.Div([kpi.card(name, label, small=True) for name, label in STRIP], className="hx-card hx-strip"),
            html.Div(_outcomes(), className="hx-grid"),
            _section("Scores and ages", _spread()),
            _section("Threshold lab", _lab()),
            _section("What could have been answered", _waste()),
            _section("In the gateway", [*_gateway(), *controls.layout()], before=[sources.banner(SOURCE), sources.status(SOURCE)]),
            *prompt_drawer.layout(),
        ],
    )  # fmt: skip


def _section(title: str, panels: list[Component], before: list[Component] | None = None) -> Component:
    head = [html.H2(title, className="hx-section"), *(before or [])]
    return html.Section([*head, html.Div(panels, className="hx-grid")], className="hx-stack")


def _list(name: str, title: str, span: int, caption: str) -> Component:
    return panel.panel(name, title, rows.table(name, caption), span=span, kind="list", height=120)


def _outcomes() -> list[Component]:
    split = (("model", "Models"), ("team", "Teams"))
    advice = html.Ul(
        [
            html.Li(
                [html.Strong("", id=f"hx-cache-advice-{index}-title"), html.Span("", id=f"hx-cache-advice-{index}-text")],
                id=f"hx-cache-advice-{index}",
                hidden=True,
                **{"data-tone": "info"},
            )
            for index in range(ADVICE)
        ],
        className="hx-insights",
    )  # fmt: skip
    return [
        panel.chart("cache-outcomes", "Outcomes", "Requests over time by what the cache did", span=8),
        panel.panel("cache-advice", "What to change", advice, span=4, kind="list"),
        panel.chart("cache-saved", "Savings", "Dollars that hits avoided over time", span=7, carries=_HITS),
        panel.chart("cache-by", "Hit rate", "Hit rate by model or team", span=5, views=split),
        _list("cache-bypass", "Not engaged", 12, "Requests that never asked the cache, by kind of call"),
    ]


def _spread() -> list[Component]:
    return [
        panel.chart("cache-scores", "Similarity", "Requests by the score of their best match", span=7),
        panel.chart("cache-ages", "Age at hit", "Hits by the age of their entry", span=5, carries=_HITS),
        _list("cache-prompts", "Top cached prompts", 12, "Prompts that the exact cache answered most often"),
        panel.chart("cache-use", "Hits per entry", "Entries by how often the exact cache answered with them", span=4, carries={"cache": ("exact",)}),
        _list("cache-near", "Near misses", 8, "Misses whose best match was just below the threshold"),
    ]  # fmt: skip


def _lab() -> list[Component]:
    views = (("rate", "Hit rate"), ("saved", "Saved"))
    field = html.Div(
        [
            html.Label("Try a threshold", htmlFor=PICK, className="hx-label"),
            dcc.Input(id=PICK, type="number", min=0.5, max=0.99, step=0.01, value=None, className="hx-input", debounce=True, placeholder="now"),
        ],
        className="hx-form__row hx-cache-pick",
    )  # fmt: skip
    return [
        panel.chart("cache-lab", "At any threshold", "Hit rate and dollars saved by threshold", span=8, height=280, carries={"cache": ("semantic", "miss")}, views=views),
        panel.panel("cache-try", "This threshold and now", [field, rows.table("cache-try", "The tried threshold beside the present one")], span=4, kind="list", height=280),
        _list("cache-pairs", "Samples near it", 12, "Requests whose scores are nearest to the tried threshold"),
    ]  # fmt: skip


def _waste() -> list[Component]:
    policy = page_controls.tabs(POLICY, (("team", "Across teams"), ("user", "Across users")), "What answers may not cross")  # fmt: skip
    across = panel.panel("cache-cross", "Answers across tenants", rows.table("cache-cross", "Hits whose entry somebody else wrote"), span=12, kind="list", height=120, tools=policy)  # fmt: skip
    return [
        panel.panel("cache-reasons", "Paid for again", table.bars("cache-reasons", REASONS), span=4, kind="list"),
        _list("cache-waste", "Prompts that were paid for again", 8, "Repeated prompts by what their repeats cost"),
        across,
    ]  # fmt: skip


def _gateway() -> list[Component]:
    return [
        _list("cache-count", "The gateway's own count", 12, "The gateway's counters beside the log"),
        _list("cache-entries", "Entries", 12, "Some entries of the gateway's cache"),
        _list("cache-largest", "Largest entries", 12, "The entries of the gateway's cache that take most"),
    ]


def totals_outputs() -> dict[str, Output]:
    """Every place that :func:`show_totals` may fill."""
    found = {"page.state": Output(ROOT, "data-page-state"), "note": Output(NOTE, "children")}
    for name in OF_TOTALS:
        found |= kpi.outputs(name)
    for name in TOTALS_PANELS:
        found |= panel.outputs(name, figure=name in CHARTS)
    for name in TOTALS_TABLES:
        found |= rows.outputs(name)
    return found | sources.outputs(SOURCE) | controls.outputs()


def show_totals(found: Cache, look: Look, now: int) -> Updates:
    """The new values of what totals and the gateway tell; ``now`` is epoch microseconds."""
    updates: Updates = {"page.state": "stale" if look.stale else "ready", "note": _note(found)}
    for figure in found.kpis:
        updates |= kpi.fill(figure, before=f"previous {fmt.length(look.period)}", during=look.during)
    for name, draw in figures.OVER_TIME.items():
        updates |= fill_chart(name, draw(found, look), found.bucket, look)
    by = figures.hit_rates(found)
    words = "Hits by hits and misses, of those asked most"
    if by is None:
        updates |= panel.says("cache-by", nothing("eligible requests", look)) | {"cache-by.subtitle": words}
    else:
        updates |= panel.ready("cache-by", stale=look.stale, figure=by, subtitle=words)
    updates |= tables.bypass(found, look)
    return updates | _of_gateway(found, look, now)


def _note(found: Cache) -> str:
    words = "A hit rate is hits by hits and misses; what never asked the cache is shown apart."
    if found.silent:
        do = "request does" if found.silent == 1 else "requests do"
        words += f" {found.silent:,} {do} not say what the cache did: failed ones, and those of gateways that do not tell."
    return words


def _of_gateway(found: Cache, look: Look, now: int) -> Updates:
    if found.gateway is None:
        words = Message("forbidden", "For who sees all organizations", "The gateway's keys do not say which organization they belong to.")  # fmt: skip
        told = {"way": "", "way.tone": "none", "mock": "", "told": "", "failing": "", "quiet": True}
        updates: Updates = {f"{SOURCE}.{key}": value for key, value in told.items()}
        for name in TOTALS_TABLES[1:]:
            updates |= panel.says(name, words)
        return updates | controls.known(None)
    answer = found.gateway.answer
    line = sources.told(SOURCE, "The gateway's store", answer, every=GATEWAY_EVERY, now=now, zone=look.zone, zone_name=look.zone_name)  # fmt: skip
    line[f"{SOURCE}.mock"] = "Simulated gateway" if found.gateway.mock else ""
    line[f"{SOURCE}.told"] = " ".join([line[f"{SOURCE}.told"], _left_out(found.gateway), _cut(found.gateway)]).strip()  # fmt: skip
    return line | tables.count(found, look) | tables.entries(found, look) | tables.orders(found, look) | controls.known(found.gateway)  # fmt: skip


def _left_out(found: GatewayCache) -> str:
    total = sum(found.left_out.values())
    if not total:
        return ""
    reasons = "; ".join(f"{reason} ({count:,})" for reason, count in sorted(found.left_out.items()))
    return f"{total:,} records rejected: {reasons}."


def _cut(found: GatewayCache) -> str:
    return "It has more keys than are counted: entries are at least so many." if found.cut else ""
