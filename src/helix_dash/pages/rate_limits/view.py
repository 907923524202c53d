"""How the rate limits page looks: the skeleton, and the new values of its parts for given figures."""

from __future__ import annotations

from collections.abc import Sequence

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.metrics.abuse import RULES
from helix_dash.metrics.origins import origin
from helix_dash.model import us_from_utc
from helix_dash.pages.rate_limits import editing, figures, rows, server_rows, trial
from helix_dash.pages.rate_limits.queries import RateLimits
from helix_dash.pages.rate_limits.rows import Place
from helix_dash.samples.sources import FAKEAI_EVERY
from helix_dash.ui import fill, kpi, panel, rich_table, sources, table
from helix_dash.ui import format as fmt
from helix_dash.ui.formulas import formulas
from helix_dash.ui.look import fill_cards, fill_chart, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.rich_table import Column, Line
from helix_dash.ui.states import Message

ROOT, FILL = "hx-limits", "hx-limits-fill"

CARDS: tuple[tuple[str, str], ...] = (
    ("throttled", "Throttled requests"),
    ("limits_highest", "Highest use of a limit"),
    ("limits_near", "Keys above 80%"),
    ("limits_headroom", "Provider headroom"),
)
STRIP: tuple[tuple[str, str], ...] = (
    ("throttled_rate", "Share throttled"),
    ("throttled_ours", "By our limits"),
    ("throttled_provider", "By providers"),
    ("limits_breached_minutes", "Breached minutes"),
    ("limits_keys", "Keys with limits"),
    ("limits_retry_after", "Retry after, median"),
)
CHARTS: tuple[tuple[str, str, str, int], ...] = (
    ("limits-throttles", "Throttled requests by limiter", "Throttled requests over time by who refused", 8),
    ("limits-heat", "Pressure", "Demand as a share of the limit, key by time", 7),
    ("limits-headroom", "Provider headroom", "Least share left of the providers' limits over time", 5),
    ("limits-breaches", "Breaches", "Minutes over a limit over time by key", 5),
)
ORIGIN_ROWS = 8
TABLES: dict[str, tuple[str, str, tuple[Column, ...], int, int]] = {
    "limits-uses": ("Use of limits now", "Key", rows.USES, 10, 12),
    "limits-victims": ("Who was refused, by whom", "Key", rows.VICTIMS, 8, 12),
    "limits-latest": ("Latest breaches", "Key", rows.BREACHES, 7, 7),
    "limits-consumers": ("Top consumers and the tier that fits", "Key", rows.CONSUMERS, 10, 12),
    "limits-signs": ("Signs of abuse", "Key", rows.SIGNS, 8, 12),
    "limits-tiers": ("Tiers", "Tier", rows.TIERS, 12, 7),
    "limits-all": ("Limits", "Key", rows.LIMITS, 20, 12),
    "limits-server": ("Counted by FakeAI's limiter", "In this view", server_rows.SERVER, 3, 5),
    "limits-counted": ("FakeAI's tiers and watched keys", "", server_rows.COUNTED, 8, 7),
    "limits-suspects": ("Called abusive by FakeAI's own rules", "Key", server_rows.SUSPECTS, 6, 12),
}
"""Panel → title, first column, columns, rows, span."""
PANELS = (*(name for name, *_ in CHARTS), "limits-origin", *TABLES)
OF_SERVER = ("limits-server", "limits-counted", "limits-suspects")

ORDER = (
    "limits-throttles",
    "limits-origin",
    "limits-uses",
    "limits-heat",
    "limits-headroom",
    "limits-breaches",
    "limits-latest",
    "limits-victims",
    "limits-consumers",
    "limits-signs",
)


FORMULAS = (
    ("Use of a limit", "Requests or tokens that were let through ÷ the limit: of the last 60 seconds for RPM and TPM, since midnight for RPD and TPD."),
    ("Pressure", "Demand of a key's busiest minute, throttled requests included, ÷ the limit per minute it came nearest to."),
    ("Breach", "A minute of a key in which requests were throttled, or in which more was let through than the table allows: the table limits nobody by itself."),
    ("Origin", "Who refused, by the record's limiter: ours (RPM, TPM, RPD, TPD, budget, parallel requests) or the provider."),
    ("Provider headroom", "Least share left of a provider's limit, from the x-ratelimit headers in the records."),
    ("Advice", "Requests and tokens per active minute at the 95th percentile, times 1.2; the smallest tier that holds them fits."),
    *((rule.title, f"A sign of abuse. {rule.words}") for rule in RULES),
    ("What if", trial.ASSUMES),
)  # fmt: skip


def layout() -> Component:
    """The page without data."""
    charts = {name: panel.chart(name, title, words, span=span) for name, title, words, span in CHARTS}
    lists = {name: _table_panel(name) for name in TABLES}
    origins = panel.panel("limits-origin", "Origin", table.bars("limits-origin", ORIGIN_ROWS), span=4, kind="list")  # fmt: skip
    parts = charts | lists | {"limits-origin": origins}
    return html.Div(
        id=ROOT,
        className="hx-stack",
        **{"data-page-state": "loading", "data-source": "yes"},
        children=[
            fill.store(FILL),
            html.Div([kpi.card(name, label) for name, label in CARDS], className="hx-kpis"),
            html.Div(
                [kpi.card(name, label, small=True) for name, label in STRIP], className="hx-card hx-strip"
            ),
            html.Div([parts[name] for name in ORDER], className="hx-grid"),
            html.H2("What if", className="hx-part"),
            trial.layout(),
            html.H2("The table of limits", className="hx-part"),
            html.Div(
                [parts["limits-tiers"], editing.layout(), parts["limits-all"]],
                className="hx-grid",
            ),
            html.H2("The FakeAI server's own limiter", className="hx-part"),
            html.Div(
                [sources.banner("limits-fakeai"), sources.status("limits-fakeai")], className="hx-stack"
            ),
            html.Div([parts[name] for name in OF_SERVER], className="hx-grid hx-with-source"),
            formulas(FORMULAS),
        ],
    )


def _table_panel(name: str) -> Component:
    title, head, columns, _size, span = TABLES[name]
    content = rich_table.table(name, title, head, columns)
    return panel.panel(name, title, content, span=span, kind="list", height=120)


def outputs() -> dict[str, Output]:
    """Every place that :func:`show` may fill."""
    found = {"page.state": Output(ROOT, "data-page-state"), "page.source": Output(ROOT, "data-source")}
    found |= sources.outputs("limits-fakeai")
    for name, _ in (*CARDS, *STRIP):
        found |= kpi.outputs(name)
    charts = {name for name, *_ in CHARTS}
    for name in PANELS:
        found |= panel.outputs(name, figure=name in charts)
    for name in TABLES:
        found |= rich_table.outputs(name)
    return found | table.bar_outputs("limits-origin", ORIGIN_ROWS) | editing.outputs()


def show(found: RateLimits, place: Place, *, asked: bool) -> Updates:
    """The new values of all parts for ``found``; ``asked`` is whether a setting names a FakeAI server."""
    look = place.look
    updates: Updates = {"page.state": "stale" if look.stale else "ready"}
    updates |= fill_cards(found.kpis, look)
    for name, draw in figures.BUILDERS.items():
        updates |= fill_chart(name, draw(found, look), found.bucket, look)
    if not found.heat.keys and found.uses:
        updates |= panel.says("limits-heat", _no_limits())
    updates |= _origins(found, place)
    quiet = nothing("requests", look)
    unlimited = _no_limits() if found.uses else quiet
    calm = Message("empty", "Nobody was over a limit", f"in {fmt.these(look.period)}.") if found.uses else quiet  # fmt: skip
    refused = Message("empty", "Nobody was throttled", f"in {fmt.these(look.period)}.") if found.uses else quiet  # fmt: skip
    innocent = Message("empty", "No signs of abuse", "No key met any of the rules.") if found.uses else quiet
    reset = f"Minutes slide; days end at midnight, {look.zone_name}, in {fmt.age((place.midnight() - place.now).total_seconds())}"
    limited = "Demand at the 95th percentile of active minutes, times 1.2, fits the advised tier"
    for name, lines, subtitle, words in (
        ("limits-uses", rows.uses(found, place), reset, unlimited),
        ("limits-victims", rows.victims(found), "Throttled requests by limiter", refused),
        ("limits-consumers", rows.consumers(found), limited, quiet),
        ("limits-signs", rows.signs(found, place), "By rules of this dashboard; they stand below, with how the figures are made", innocent),
        ("limits-tiers", rows.tiers(found), "Per minute sliding, per day by the calendar; · is no limit", quiet),
        ("limits-all", rows.limits(found, place), "Every key with a limit, the fullest first", unlimited),
    ):  # fmt: skip
        updates |= _filled(name, lines, subtitle, words, stale=look.stale)
    latest = rows.breaches(found, place, TABLES["limits-latest"][3])
    told = "A minute of a key that was refused, or passed its limit"
    updates |= _filled("limits-latest", latest, told, calm, stale=look.stale, of=len(found.told))
    return updates | _server(found, place, asked=asked) | editing.choices(found)


def _no_limits() -> Message:
    return Message("empty", "Nobody has a limit", "Give everybody a tier, or single keys and teams, in the table below.")  # fmt: skip


def _filled(
    name: str, lines: Sequence[Line], subtitle: str, words: Message, *, stale: bool, of: int | None = None
) -> Updates:
    _title, _head, columns, size, _span = TABLES[name]
    shown, more = rows.top(lines, size, of)
    under = {f"{name}.subtitle": f"{subtitle}; {more}" if more else subtitle}
    if not shown:
        return panel.says(name, words) | under
    return panel.ready(name, stale=stale) | under | rich_table.fill(name, columns, shown, size)


def _origins(found: RateLimits, place: Place) -> Updates:
    total = sum(found.totals.values())
    subtitle = {"limits-origin.subtitle": "Who refused: our limits, budgets and queues, or the provider"}
    if not total:
        words = Message("empty", "Nobody was throttled", f"in {fmt.these(place.look.period)}.")
        return panel.says("limits-origin", words if found.uses else nothing("requests", place.look)) | subtitle  # fmt: skip
    ranked = sorted(found.totals.items(), key=lambda item: (-item[1], item[0] or ""))[:ORIGIN_ROWS]
    lines = [
        table.Row(
            origin(word).title,
            ("limiter", word or ""),
            {"count": fmt.short(count, "count"), "share": fmt.share(count, total)},
            share=count / ranked[0][1],
        )
        for word, count in ranked
    ]
    ready = panel.ready("limits-origin", stale=place.look.stale)
    return ready | subtitle | table.fill("limits-origin", lines, ORIGIN_ROWS)


def _server(found: RateLimits, place: Place, *, asked: bool) -> Updates:
    answer, look = found.server.answer, place.look
    if answer is None and not asked:
        words = "No FakeAI server is asked: API_URL names one, in the environment of the collector."
        told = {"way": "", "way.tone": "none", "mock": "", "told": words, "failing": "", "quiet": True}
        nobody: Updates = {"page.source": "no"} | {
            f"limits-fakeai.{key}": value for key, value in told.items()
        }
        for name in OF_SERVER:  # out of sight, and not waiting for anything
            nobody |= panel.says(name, Message("empty", "No FakeAI server is asked"))
        return nobody
    options = {"every": FAKEAI_EVERY, "now": us_from_utc(place.now), "zone": look.zone, "zone_name": look.zone_name}  # fmt: skip
    stale = bool(sources.why_old("FakeAI", answer, **options))  # type: ignore[arg-type]
    updates: Updates = {"page.source": "yes"}
    updates |= sources.told("limits-fakeai", "FakeAI", answer, live=found.server.live, **options)  # type: ignore[arg-type]
    idle = Message("empty", "Nothing counted", "Its limiter is off, or nobody came.")
    why = "It counts whoever asks it directly and failed sign-ins too; its tokens are an estimate from sizes"
    for name, lines, subtitle in (
        ("limits-server", server_rows.server_counts(found), why),
        ("limits-counted", server_rows.counted(found), "Growth in this view; WATCHED_KEYS names the keys"),
        (
            "limits-suspects",
            server_rows.suspects(found),
            "As of its last answer. Our own polling is called a burst too",
        ),
    ):
        updates |= _filled(name, lines, subtitle, idle, stale=stale)
    return updates
