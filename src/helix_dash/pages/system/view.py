"""How the System health page looks: the skeleton, and the new values of its parts for given figures."""

from __future__ import annotations

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.pages.system import figures, log_lines, store_tables, tables
from helix_dash.pages.system.cards import CARDS, STRIP, kpis
from helix_dash.pages.system.log_lines import Wanted
from helix_dash.pages.system.queries import SystemPage
from helix_dash.samples import sources as names
from helix_dash.settings import Settings
from helix_dash.ui import controls, fill, health_chips, icon, kpi, panel, rows, sampled, typed
from helix_dash.ui import format as fmt
from helix_dash.ui.look import Look
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message

ROOT, FILL, TAB, STORE = "hx-sys", "hx-sys-fill", "hx-sys-tab", "hx-sys-store"
LEVEL, SOURCE, SEARCH, GROUPED = "hx-sys-level", "hx-sys-source", "hx-sys-search", "hx-sys-grouped"

TABS: tuple[tuple[str, str], ...] = (
    ("services", "Services"),
    ("hosts", "Hosts"),
    ("store", "Store"),
    ("dashboard", "This dashboard"),
    ("logs", "Logs"),
)
CHARTS: dict[str, tuple[tuple[str, str, str, int], ...]] = {
    "services": (
        ("sys-states", "States over time", "State of each service over time", 12),
        ("sys-provider-latency", "Latency by provider", "95th percentile of the latency over time by provider", 6),
        ("sys-provider-errors", "Errors by provider", "Share of failed requests over time by provider", 6),
    ),
    "hosts": (
        ("sys-cpu", "Processor", "Processor time used over time by host", 6),
        ("sys-memory", "Memory", "Memory used over time by host", 6),
        ("sys-disk", "Disks", "Disk space used over time", 6),
        ("sys-network", "Network", "Network traffic over time", 6),
    ),
    "store": (
        ("sys-store-memory", "Memory", "The store's memory over time", 6),
        ("sys-store-work", "Commands", "Commands a second over time", 6),
        ("sys-store-latency", "Latency", "Percentiles of the time of commands in the server, over time", 6),
        ("sys-keyspace", "Key space", "Memory by the beginning of keys' names", 6),
    ),
    "dashboard": (
        ("sys-spent", "Cost to the store", "Commands a second of this product and of all clients, over time", 12),
        ("sys-waterfall", "Loading a page", "What a browser loaded and when", 12),
    ),
    "logs": (),
}  # fmt: skip
"""Tab → its charts: name, title, words, width."""

LISTS: dict[str, tuple[tuple[str, str, int], ...]] = {
    "services": (("sys-services", "Services", 12),),
    "hosts": (("sys-hosts", "Hosts", 12),),
    "store": (
        ("sys-facts", "State", 6),
        ("sys-prefixes", "Keys by prefix", 6),
        ("sys-commands", "Where its time goes", 6),
        ("sys-slow", "Slow commands", 6),
    ),
    "dashboard": (
        ("sys-calls", "Answers of the dashboard", 12),
        ("sys-processes", "Processes", 6),
        ("sys-browsers", "In the browser", 6),
    ),
    "logs": ((log_lines.PANEL, "Log lines", 12),),
}
ORDER: dict[str, tuple[str, ...]] = {
    "services": ("sys-services", "sys-states", "sys-provider-latency", "sys-provider-errors"),
    "dashboard": ("sys-spent", "sys-calls", "sys-processes", "sys-browsers", "sys-waterfall"),
}
"""Tab → its panels in their order, where lists do not simply follow charts."""

TABLES: dict[str, tuple[tables.Table, ...]] = {
    "services": (tables.services,),
    "hosts": (tables.hosts,),
    "store": (store_tables.facts, store_tables.prefixes, store_tables.commands),
    "dashboard": (tables.calls, tables.processes, tables.browsers),
    "logs": (),
}
TABLE_NAMES = [name for every in LISTS.values() for name, _title, _span in every]
PANELS = [name for every in CHARTS.values() for name, _title, _words, _span in every] + TABLE_NAMES


def layout(settings: Settings) -> Component:
    """The page without data; ``settings`` say whether there are two stores."""
    two = settings.redis_url != settings.log_redis_url
    stores = [(names.STORE, "Of this product"), (names.GATEWAY_STORE, "Of the gateway")][: 2 if two else 1]
    return html.Div(
        id=ROOT,
        className="hx-stack",
        **{"data-page-state": "loading", "data-tab": TABS[0][0]},
        children=[
            fill.store(FILL),
            html.Div(
                [icon("unplug"), html.Span("", id="hx-sys-old-text")],
                id="hx-sys-old",
                className="hx-banner",
                hidden=True,
                **{"data-tone": "warn"},
            ),
            health_chips.row("sys"),
            html.Div([kpi.card(name, label) for name, label in CARDS], className="hx-kpis hx-kpis--plain"),
            html.Div([kpi.card(name, label, small=True) for name, label in STRIP], className="hx-card hx-strip"),
            html.Div(
                [
                    controls.tabs(TAB, TABS, "Part of the page"),
                    html.Div(controls.tabs(STORE, stores, "Store"), className="hx-only", hidden=not two, **{"data-of": "store"}),
                ],
                className="hx-sections",
            ),
            *(html.Div(_panels(tab), className="hx-grid hx-only", **{"data-of": tab}) for tab, _ in TABS),
        ],
    )  # fmt: skip


def _panels(tab: str) -> list[Component]:
    carries: dict[str, list[str]] | None = {} if tab == "services" else None
    charts = {
        name: panel.chart(name, title, words, span=span, height=_height(name), carries=None if name == "sys-states" else carries)
        for name, title, words, span in CHARTS[tab]
    }  # fmt: skip
    lists = {
        name: panel.panel(name, title, rows.table(f"{name}-table", title), span=span, kind="list", height=120, tools=_tools(name))
        for name, title, span in LISTS[tab]
    }  # fmt: skip
    parts = charts | lists
    return [parts[name] for name in ORDER.get(tab, tuple(parts))]


def _height(name: str) -> int:
    return {"sys-states": 320, "sys-waterfall": 520}.get(name, 224)


def _tools(name: str) -> Component | None:
    if name != log_lines.PANEL:
        return None
    return html.Div(
        [
            typed.field(SEARCH, "Search the log lines", placeholder="Search", longest=100),
            controls.tabs(LEVEL, [("all", "All"), ("warnings", "Warnings"), ("errors", "Errors")], "Level"),
            controls.tabs(SOURCE, [("all", "All"), ("web", "Web"), ("collector", "Collector")], "Source"),
            controls.tabs(GROUPED, [("no", "Lines"), ("yes", "Grouped")], "Shown as"),
        ],
        className="hx-lines__tools",
    )


def outputs() -> dict[str, Output]:
    """Every place that :func:`show` may fill."""
    found = {
        "page.state": Output(ROOT, "data-page-state"),
        "page.tab": Output(ROOT, "data-tab"),
        "page.old": Output("hx-sys-old-text", "children"),
        "page.fresh": Output("hx-sys-old", "hidden"),
    } | health_chips.outputs("sys")
    for name, _ in (*CARDS, *STRIP):
        found |= kpi.outputs(name)
    for name in PANELS:
        found |= panel.outputs(name, figure=name not in TABLE_NAMES)
        if name in TABLE_NAMES:
            found |= rows.outputs(f"{name}-table")
    return found


def show(found: SystemPage, look: Look, tab: str, href: str, wanted: Wanted, *, operator: bool) -> Updates:
    """The new values of all parts for ``found``.

    Args:
        found: the figures.
        look: what they are shown under.
        tab: the part of the page that is shown.
        href: the page's own address, for the chips.
        wanted: which log lines.
        operator: whether the asker may see log lines and what slow commands were about.
    """
    stale = bool(found.error)
    updates: Updates = {"page.state": "stale" if stale else "ready", "page.tab": tab}
    updates |= {"page.old": _why_old(found, look), "page.fresh": not (stale or found.rejected)}
    # the parts that are out of sight wait for nothing
    updates |= {f"{name}.state": "empty" for name in PANELS}
    updates |= health_chips.fill("sys", found.services, href)
    for figure in kpis(found):
        updates |= kpi.fill(figure, before=f"previous {fmt.length(look.period)}", during=look.during)
    nothing = Message("empty", f"Nothing in {fmt.these(look.period)}", "No sample was taken then.", "widen")
    for name, draw in figures.BUILDERS[tab].items():
        updates |= sampled.filled(name, draw(found, look), _special(name, found) or nothing, stale=stale)
    for table in TABLES[tab]:
        updates |= table(found, look, stale)
    if tab == "store":
        updates |= store_tables.slow(found, look, stale, operator=operator)
    if tab == "logs":
        updates |= log_lines.show(found, look, wanted, allowed=operator, stale=stale)
    return updates


def _special(name: str, found: SystemPage) -> Message | None:
    """Where "no sample" would not be the reason."""
    if name.startswith("sys-provider"):
        if found.trouble:
            return Message("error", "The log cannot be read", found.trouble, "retry")
        return Message(
            "empty",
            "No finished requests in this period",
            "Latency and errors come from the request log.",
            "widen",
        )
    if name == "sys-store-latency" and found.of(found.store).names():
        return Message(
            "empty",
            "This server keeps no histograms",
            "Redis 7 and Valkey do (LATENCY HISTOGRAM), if they may be asked.",
        )
    if name == "sys-waterfall":
        return Message(
            "empty",
            "No browser has told anything today",
            "Open pages report what they loaded after some seconds.",
        )
    return None  # fmt: skip


def _why_old(found: SystemPage, look: Look) -> str:
    if found.error:
        at = fmt.clock(found.vitals.now, look.zone)
        return f"{found.error} Showing what was known {fmt.age(found.age)} ago, at {at} {look.zone_name}."
    if found.rejected:
        return f"{found.rejected:,} records were rejected: something else had been written in their place."
    return ""
