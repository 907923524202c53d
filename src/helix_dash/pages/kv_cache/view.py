"""How the KV cache page looks: the skeleton, and the new values of its parts for given figures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.model import Kpi
from helix_dash.pages.kv_cache import figures
from helix_dash.pages.kv_cache.queries import KvPage
from helix_dash.pages.kv_cache.workers import COLUMNS, COSTS, FORMULA, fill_costs, fill_workers
from helix_dash.samples.sources import FAKEAI, KV, KV_CACHE
from helix_dash.settings import Settings
from helix_dash.ui import controls, fill, kpi, panel, rich_table, sources, table
from helix_dash.ui import format as fmt
from helix_dash.ui.formulas import formulas
from helix_dash.ui.look import Look, fill_cards
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message

ROOT, FILL, PICK = "hx-kv", "hx-kv-fill", "hx-kv-pick"
INSIGHTS = 6

CARDS: tuple[tuple[str, str], ...] = (
    ("kv_hit_rate", "Hit rate, in tokens"),
    ("kv_reused_tokens", "Tokens reused"),
    ("kv_matched_blocks", "Matched blocks per request"),
    ("kv_max_usage", "Highest block usage"),
)
STRIP: tuple[tuple[str, str], ...] = (
    ("kv_ttft_hit_ms", "TTFT with the cache"),
    ("kv_ttft_miss_ms", "TTFT without"),
    ("kv_waiting", "Waiting requests"),
    ("kv_preemptions_per_second", "Preemptions per second"),
    ("kv_cached_share", "Cached prompt tokens"),
    ("kv_imbalance", "Imbalance, max / mean"),
)
CHARTS: tuple[tuple[str, str, str, int], ...] = (
    ("kv-hits", "Hit rate", "Share of prompt tokens found in the cache, over time", 8),
    ("kv-tokens", "Prompt tokens", "Prompt tokens computed and reused, over time", 6),
    ("kv-overlap", "Overlap", "Blocks of a mean prompt, and those found in the cache, over time", 6),
    ("kv-load", "Work by worker", "Requests over time by worker", 8),
    ("kv-usage", "Usage by worker", "Share of blocks in use over time by worker", 6),
    ("kv-queue", "Queue", "Requests running and waiting, over time", 6),
    ("kv-preemptions", "Preemptions", "Requests put back for want of blocks, over time", 6),
    ("kv-ttft", "Time to first token", "Percentiles of the time to the first token, over time", 6),
    ("kv-itl", "Time between tokens", "Percentiles of the time between tokens, over time", 6),
)
LISTS = ("kv-insights", "kv-cost", "kv-workers")
ORDER = (
    "kv-hits",
    "kv-insights",
    "kv-tokens",
    "kv-overlap",
    "kv-load",
    "kv-cost",
    "kv-usage",
    "kv-queue",
    "kv-ttft",
    "kv-itl",
    "kv-preemptions",
    "kv-workers",
)
SPANS = {name: span for name, _, _, span in CHARTS} | {"kv-insights": 4, "kv-cost": 4, "kv-workers": 12}
PANELS = (*(name for name, *_ in CHARTS), *LISTS)

SETUP = (
    ("API_URL=http://127.0.0.1:8000", "a FakeAI server"),
    ("API_URL=mock:", "recorded answers, to look around"),
    ("KV_METRICS_URLS=vllm-1=http://127.0.0.1:8001/metrics", "vLLM or Dynamo, separated by commas"),
)

FORMULAS = (
    ("Hit rate, in tokens", "prompt tokens found in the cache ÷ prompt tokens looked up, both as growth of the server's counters within the time shown."),
    ("Matched blocks per request", "reused tokens ÷ block size ÷ requests."),
    ("Overlap", "Matched blocks beside the blocks of a mean prompt: looked-up tokens ÷ block size ÷ requests."),
    ("Block usage", "Share of blocks in use, as the server's gauge was read: the highest, the mean, and the last reading of each worker."),
    ("Imbalance", "Requests of the busiest worker ÷ mean of all; by usage where requests are not told by worker. 1 is even."),
    ("Routing cost", f"{FORMULA}, of a mean request. Derived: no server tells the matches of each worker, so all have the mean's."),
    ("Percentiles", "Of the growth of the server's own histogram within the time shown, between the edges of its bars: rough, hence ~."),
)  # fmt: skip


def layout(settings: Settings) -> Component:
    """The page without data; ``settings`` name the servers one can choose from."""
    choices = source_choices(settings)
    return html.Div(
        id=ROOT,
        className="hx-stack",
        **{"data-page-state": "loading", "data-source": "yes"},
        children=[
            fill.store(FILL),
            sources.banner("kv"),
            html.Div(
                className="hx-sources",
                children=[
                    html.Div(
                        controls.tabs(PICK, choices or [("", "")], "Server"),
                        style={} if len(choices) > 1 else {"display": "none"},
                    ),
                    sources.status("kv"),
                ],
            ),
            _setup(),
            html.Div([kpi.card(name, label) for name, label in CARDS], className="hx-kpis hx-with-source"),
            html.Div(
                [kpi.card(name, label, small=True) for name, label in STRIP],
                className="hx-card hx-strip hx-with-source",
            ),
            html.Div(_panels(), className="hx-grid hx-with-source"),
            html.P("", id="hx-kv-missing", className="hx-faint hx-with-source"),
            html.Div(formulas(FORMULAS), className="hx-with-source"),
        ],
    )


def source_choices(settings: Settings) -> list[tuple[str, str]]:
    """The servers that settings name: (series, words)."""
    found = [(f"{FAKEAI}.{KV_CACHE}", "FakeAI")] if settings.api_url else []
    return found + [(f"{KV}.{name}", name) for name, _ in settings.kv_metrics_urls]


def _setup() -> Component:
    """What to do where no server is named."""
    return html.Section(
        className="hx-card hx-panel hx-setup hx-without-source",
        **{"aria-label": "No server"},
        children=[
            html.H2("No server with a KV cache is asked", className="hx-panel__title"),
            html.P("Name one in the environment of the collector and of the web server, and start both again:"),
            html.Dl([part for setting, words in SETUP for part in (html.Dt(html.Code(setting)), html.Dd(words))]),
            html.P("The collector then asks each every 8 seconds and keeps what they say.", className="hx-muted"),
        ],
    )  # fmt: skip


def _panels() -> list[Component]:
    charts = {
        name: panel.chart(name, title, words, span=span, carries=None) for name, title, words, span in CHARTS
    }
    insight_list = html.Ul(
        [
            html.Li(
                [
                    html.Strong("", id=f"hx-kv-insight-{index}-title"),
                    html.Span("", id=f"hx-kv-insight-{index}-text"),
                ],
                id=f"hx-kv-insight-{index}",
                hidden=True,
                **{"data-tone": "info"},
            )
            for index in range(INSIGHTS)
        ],
        className="hx-insights",
    )
    lists = {
        "kv-insights": panel.panel("kv-insights", "What stands out", insight_list, span=4, kind="list"),
        "kv-cost": panel.panel("kv-cost", "Routing cost", table.bars("kv-cost", COSTS), span=4, kind="list"),
        "kv-workers": panel.panel(
            "kv-workers",
            "Workers",
            rich_table.table("kv-workers", "Workers", "Worker", COLUMNS),
            span=12,
            kind="list",
            height=120,
        ),
    }
    parts = charts | lists
    return [parts[name] for name in ORDER]


def outputs() -> dict[str, Output]:
    """Every place that :func:`show` may fill."""
    found = {
        "page.state": Output(ROOT, "data-page-state"),
        "page.source": Output(ROOT, "data-source"),
        "page.missing": Output("hx-kv-missing", "children"),
    } | sources.outputs("kv")
    for name, _ in (*CARDS, *STRIP):
        found |= kpi.outputs(name)
    for name in PANELS:
        found |= panel.outputs(name, figure=name not in LISTS)
        found[f"{name}.style"] = Output(f"hx-{name}", "style")
    for index in range(INSIGHTS):
        key = f"hx-kv-insight-{index}"
        found |= {
            f"insight.{index}.hidden": Output(key, "hidden"),
            f"insight.{index}.tone": Output(key, "data-tone"),
            f"insight.{index}.title": Output(f"{key}-title", "children"),
            f"insight.{index}.text": Output(f"{key}-text", "children"),
        }
    return found | table.bar_outputs("kv-cost", COSTS) | rich_table.outputs("kv-workers")


def show(found: KvPage, look: Look, now: int) -> Updates:
    """The new values of all parts for ``found``; ``now`` in microseconds since the epoch."""
    source, reading = found.source, found.reading
    if source is None or reading is None:
        nobody: Updates = {"page.state": "empty", "page.source": "no", "kv.quiet": True}
        for name in PANELS:  # out of sight, and not waiting for anything
            nobody |= panel.says(name, Message("empty", "No server is asked"))
        return nobody
    zone = {"zone": look.zone, "zone_name": look.zone_name}
    old = sources.why_old(source.title, source.answer, every=source.every, now=now, **zone)  # type: ignore[arg-type]
    stale = bool(old)
    state = "stale" if stale else "ready"
    updates: Updates = {"page.state": state, "page.source": "yes"}
    updates |= sources.told("kv", source.title, source.answer, every=source.every, now=now, **zone)  # type: ignore[arg-type]
    missing = ", ".join(reading.missing)
    updates["page.missing"] = f"{source.title} does not tell: {missing}." if missing else ""
    updates |= fill_cards(kpis(found), look)
    words, told = _nothing(found, look, old), bool(reading.frames.names())
    untold = set() if reading.overlap_weight is not None or not told else {"kv-cost"}
    for name, draw in figures.BUILDERS.items():
        drawn = draw(reading, look)
        untold |= set() if drawn.told or not told else {name}
        updates |= (
            panel.says(name, words)
            if drawn.figure is None
            else panel.ready(name, stale=stale, figure=drawn.figure)
        ) | {f"{name}.subtitle": drawn.subtitle}
    updates |= {f"{name}.style": {"display": "none"} for name in untold}
    updates |= whole_rows([name for name in ORDER if name not in untold])
    return updates | _insights(found, words, stale) | fill_workers(reading, words, stale) | fill_costs(reading, words, stale)  # fmt: skip


def whole_rows(shown: Sequence[str]) -> Updates:
    """Rows of twelve columns without a hole: the last panel of each takes what is left of it."""
    spans, row = {name: SPANS[name] for name in shown}, 0
    for name, following in pairwise([*shown, ""]):
        row += SPANS[name]
        if row + SPANS.get(following, 12) > 12:
            spans[name], row = spans[name] + 12 - row, 0
    return {f"{name}.style": {} if span == SPANS[name] else {"--span": span} for name, span in spans.items()}


def _nothing(found: KvPage, look: Look, old: str) -> Message:
    answer = found.source.answer if found.source else None
    if answer is None or answer.answered is None:
        return Message("empty", "Nothing has been told yet", old or "The collector asks every few seconds.")
    return Message("empty", f"Nothing in {fmt.these(look.period)}", "No sample was taken then.", "widen")


def kpis(found: KvPage) -> list[Kpi]:
    """The cards' figures, those of the period before beside them."""
    now, before = found.reading, found.before
    if now is None:
        return []
    fakeai = found.source is not None and found.source.kind == "fakeai"
    lines = now.lines

    def past(name: str) -> float | None:
        return getattr(before, name) if before is not None else None

    def reason(words: str = "") -> str:
        return words or "not told by this server"

    idle = "no tokens looked up" if now.processed is not None else "no samples"
    simulated = "simulated by FakeAI, last reading"
    size = f"blocks of {fmt.short(now.block_size, 'count')} tokens" if now.block_size else ""
    mean = "" if now.mean_usage is None else f"mean {fmt.short(now.mean_usage, 'ratio')}"
    imbalance = "by requests" if any(one.requests is not None for one in now.workers) else "by usage"
    return [
        Kpi("kv_hit_rate", "", now.hit_rate, "ratio", past("hit_rate"), "up", idle, tuple(lines.get("hit_rate", ()))),
        Kpi("kv_reused_tokens", "", now.reused, "tokens", past("reused"), "none", "no samples", tuple(lines.get("reused", ()))),
        Kpi("kv_matched_blocks", "", now.matched_blocks, "count", None, "up", idle, tuple(lines.get("matched", ())), size),
        Kpi("kv_max_usage", "", now.max_usage, "ratio", past("max_usage"), "down", reason(), (), mean),
        Kpi("kv_ttft_hit_ms", "", now.ttft_hit_ms, "ms", None, "down", reason("not told apart" if not fakeai else "no streams yet"), (), simulated),
        Kpi("kv_ttft_miss_ms", "", now.ttft_miss_ms, "ms", None, "down", reason("not told apart" if not fakeai else "no streams yet"), (), simulated),
        Kpi("kv_waiting", "", now.waiting, "count", None, "down", reason(), tuple(lines.get("waiting", ())), "last reading"),
        Kpi("kv_preemptions_per_second", "", now.preemptions_per_second, "count", past("preemptions_per_second"), "down", reason()),
        Kpi("kv_cached_share", "", now.cached_share, "ratio", past("cached_share"), "up", reason()),
        Kpi("kv_imbalance", "", now.imbalance, "count", past("imbalance"), "down", "one worker, or no work", (), f"1 is even, {imbalance}"),
    ]  # fmt: skip


def _insights(found: KvPage, words: Message, stale: bool) -> Updates:
    updates: Updates = {"kv-insights.subtitle": "Rules over this window, each with its evidence"}
    for index in range(INSIGHTS):
        place = f"insight.{index}"
        if index >= len(found.told):
            updates[f"{place}.hidden"] = True
            continue
        one = found.told[index]
        updates |= {
            f"{place}.hidden": False,
            f"{place}.tone": one.tone,
            f"{place}.title": one.title,
            f"{place}.text": one.evidence,
        }
    if found.told:
        return updates | panel.ready("kv-insights", stale=stale)
    quiet = Message("empty", "Nothing stands out", "No rule about hits, balance, usage or queues was met.")
    told = found.reading is not None and found.reading.frames.names()
    return updates | panel.says("kv-insights", quiet if told else words)
