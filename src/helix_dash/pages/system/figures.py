"""The System health page's charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from helix_dash.metrics.kv_cache import Number
from helix_dash.model import us_from_utc
from helix_dash.pages.system.queries import NOTHING, PROVIDERS, SystemPage
from helix_dash.samples import sources as names
from helix_dash.samples.reader import Frames
from helix_dash.ui import charts, sampled
from helix_dash.ui import format as fmt
from helix_dash.ui.charts import ERROR, OTHERS, PALETTE, PERCENT, SECONDS, Headline, Layer, Unit
from helix_dash.ui.charts_ranked import Bar, plain, plot, ranked_bars
from helix_dash.ui.groups import slim
from helix_dash.ui.look import Look
from helix_dash.ui.sampled import Sampled
from helix_dash.ui.status_lane import lanes, spans
from helix_dash.vitals import histogram

MEGABYTES = Unit(suffix=" MB", tick="~s")
RATE = Unit(suffix="/s", tick="~s")
TRAFFIC = Unit(suffix="B/s", tick="~s")
FINE = Unit(suffix=" ms", tick="~g")
PERCENTS = (50, 95, 99)
MOST_LANES = 14
MOST_LOADED = 26
"""Lines of the waterfall."""


def _hosts(found: SystemPage) -> dict[str, Frames]:
    head = f"{names.HOST}."
    return {name.removeprefix(head): frames for name, frames in found.frames.items() if name.startswith(head)}


def _grid(found: SystemPage) -> Frames:
    """Any of the series that were read: all have the same times."""
    return next(iter(found.frames.values()), NOTHING)


def cpu_share(frames: Frames) -> list[Number]:
    """Processor time used of what there was, frame by frame, 0–1."""
    return _shares(frames.grown("cpu_busy"), frames.grown("cpu_whole"))


def memory_share(frames: Frames) -> list[Number]:
    """Memory used of what there is, at most, 0–1."""
    return _shares(frames.gauge("memory_used", "high"), frames.gauge("memory_total"))


def disk_shares(frames: Frames) -> dict[str, list[Number]]:
    """Mount point → used of what there is, 0–1."""
    disks = [name.removeprefix("disk_used|") for name in frames.names() if name.startswith("disk_used|")]
    return {
        disk: _shares(frames.gauge(f"disk_used|{disk}", "high"), frames.gauge(f"disk_total|{disk}"))
        for disk in disks
    }


def hit_rate(frames: Frames) -> list[Number]:
    """Keys found of keys looked for, frame by frame."""
    hits, misses = frames.grown("hits"), frames.grown("misses")
    return _shares(
        hits, [None if a is None or b is None else a + b for a, b in zip(hits, misses, strict=True)]
    )


def _shares(parts: Sequence[Number], wholes: Sequence[Number]) -> list[Number]:
    return [
        part / whole if part is not None and whole else None
        for part, whole in zip(parts, wholes, strict=True)
    ]


def latency_ms(frames: Frames, percents: Sequence[int] = PERCENTS) -> list[Number]:
    """Percentiles of the store's commands over all of ``frames``, from the histogram that the server keeps."""
    counts = {bound: frames.total(name) or 0.0 for bound, name in _bounds(frames)}
    return [_ms(one) for one in histogram.quantiles(counts, percents, begins=_half)]


def _bounds(frames: Frames) -> list[tuple[float, str]]:
    return [
        (float(name.removeprefix("latency|")), name) for name in frames.names() if name.startswith("latency|")
    ]


def _half(bound: float) -> float:
    """Redis' stretches begin at half of where they end, the first at nothing."""
    return bound / 2 if bound > 1 else 0.0


def _ms(micros: float | None) -> Number:
    return None if micros is None else micros / 1000


def _states(found: SystemPage, look: Look) -> Sampled:
    frames = found.of(names.SERVICES)
    known = {name.removeprefix("state|") for name in frames.names() if name.startswith("state|")}
    order = [one.title for one in found.services if one.title in known]
    order += sorted(known - set(order))
    told = [
        (name, spans(frames.gauge(f"state|{name}", "high"), frames.starts, frames.step))
        for name in order[:MOST_LANES]
    ]
    words = f"The worst of each {sampled.each(frames)}, {look.zone_name}; empty where nobody could tell"
    if not told:
        return Sampled(words, None)
    start, end = (us_from_utc(one) for one in (look.period.start, look.period.end))
    return Sampled(words, lanes(told, start, end, look.zone))


def _provider(found: SystemPage, look: Look, measure: str, scale: float, unit: Unit, words: str) -> Sampled:
    series = found.providers
    if series is None:
        return Sampled(words, None)
    layers = []
    for index, ((name,), line) in enumerate(zip(series.groups, series.values[measure], strict=True)):
        values = [_scaled(one, measure, scale) for one in line]
        if index < PROVIDERS and any(one is not None for one in values):
            colour = PALETTE[index % len(PALETTE)]
            layers.append(Layer(name or "Unknown provider", values, colour, ("provider", name or "")))
    axis = charts.time_axis(series.starts, look.period, look.zone, unfinished=series.unfinished, key=look.key)
    subtitle = f"{words}, {look.zone_name}"
    return Sampled(subtitle, charts.rates(axis, layers, unit) if layers else None)


def _scaled(value: Number, measure: str, scale: float) -> Number:
    if value is None:
        return None
    return (1 - value) * 100 if measure == "success_rate" else value * scale


def _provider_latency(found: SystemPage, look: Look) -> Sampled:
    return _provider(found, look, "latency_ms_p95", 0.001, SECONDS, "Latency p95, seconds")


def _provider_errors(found: SystemPage, look: Look) -> Sampled:
    return _provider(found, look, "success_rate", 1, PERCENT, "Failed of finished requests")


def _by_host(found: SystemPage, look: Look, share: Callable[[Frames], list[Number]], words: str) -> Sampled:
    parts = [
        (name, share(frames), PALETTE[index % len(PALETTE)])
        for index, (name, frames) in enumerate(_hosts(found).items())
    ]
    highest = [one for _, values, _ in parts for one in values if one is not None]
    headline = Headline(fmt.short(max(highest), "ratio"), "highest") if highest else None
    return sampled.lines(_grid(found), look, parts, PERCENT, words, scale=100, top=100, headline=headline)


def _cpu(found: SystemPage, look: Look) -> Sampled:
    return _by_host(found, look, cpu_share, "Processor time used")


def _memory(found: SystemPage, look: Look) -> Sampled:
    return _by_host(found, look, memory_share, "Memory used, highest")


def _disk(found: SystemPage, look: Look) -> Sampled:
    hosts = _hosts(found)
    parts: list[sampled.Part] = []
    for host, frames in hosts.items():
        for disk, values in disk_shares(frames).items():
            name = disk if len(hosts) == 1 else f"{host} {disk}"
            parts.append((name, values, PALETTE[len(parts) % len(PALETTE)]))
    now = [value for _, values, _ in parts if (value := last(values)) is not None]
    headline = Headline(fmt.short(max(now), "ratio"), "fullest") if now else None
    return sampled.lines(
        _grid(found),
        look,
        parts[: len(PALETTE)],
        PERCENT,
        "Disk space used",
        scale=100,
        top=100,
        headline=headline,
    )


def _network(found: SystemPage, look: Look) -> Sampled:
    hosts = _hosts(found)
    parts: list[sampled.Part] = []
    for host, frames in hosts.items():
        if "net_received" not in frames.names():
            continue
        for key, words in (("net_received", "Received"), ("net_sent", "Sent")):
            name = words if len(hosts) == 1 else f"{host} {words.lower()}"
            parts.append((name, frames.rate(key), PALETTE[len(parts) % len(PALETTE)]))
    return sampled.lines(
        _grid(found),
        look,
        parts[: len(PALETTE)],
        TRAFFIC,
        "Network traffic, loopback left out",
    )


def _store_memory(found: SystemPage, look: Look) -> Sampled:
    frames = found.of(found.store)
    parts = [
        ("Used", frames.gauge("memory", "high"), PALETTE[0]),
        ("Resident", frames.gauge("memory_rss", "high"), PALETTE[7]),
        ("Limit", frames.gauge("memory_limit"), ERROR),
    ]
    return sampled.lines(frames, look, parts, MEGABYTES, "Memory, highest", scale=1e-6)


def _store_work(found: SystemPage, look: Look) -> Sampled:
    frames = found.of(found.store)
    parts = [("All", frames.rate("commands") if "commands" in frames.names() else [], PALETTE[0])]
    return sampled.lines(frames, look, parts, RATE, "Commands a second")


def _store_latency(found: SystemPage, look: Look) -> Sampled:
    frames = found.of(found.store)
    bounds = _bounds(frames)
    rows: list[list[Number]] = [[] for _ in PERCENTS]
    for frame in frames.frames:
        counts = {bound: frame.grown.get(name, 0.0) for bound, name in bounds} if frame else {}
        for row, one in zip(rows, histogram.quantiles(counts, PERCENTS, begins=_half), strict=True):
            row.append(_ms(one))
    colours = (PALETTE[0], PALETTE[4], PALETTE[6])
    parts = [
        (f"p{percent}", row, colour) for percent, row, colour in zip(PERCENTS, rows, colours, strict=True)
    ]
    p99 = latency_ms(frames, (99,))[0]
    headline = None if p99 is None else Headline(f"~ p99 {fmt.short(p99, 'ms')}")
    words = "~ Time in the server, all commands, ms"
    return sampled.lines(frames, look, parts, FINE, words, lead="p95", headline=headline)


def _keyspace(found: SystemPage, _look: Look) -> Sampled:
    told = found.keyspace
    words = "Megabytes by the beginning of the key"
    sized = [(one.prefix, one.bytes) for one in told.prefixes if one.bytes] if told is not None else []
    if told is None or not sized:
        return Sampled(words, None)
    bars = [Bar(prefix, size / 1e6) for prefix, size in sized[:10]]
    rest = sum(size for _, size in sized[10:])
    if rest:
        bars.append(Bar("Others", rest / 1e6, OTHERS, rest=True))
    return Sampled(f"{words}, {told.words}", slim(ranked_bars(bars, MEGABYTES, noun="Keys")))


def _spent(found: SystemPage, look: Look) -> Sampled:
    ours, every = found.of(names.SPENT_BY_US), found.of(names.STORE)
    parts = [
        ("This product", ours.rate("store_commands") if "store_commands" in ours.names() else [], PALETTE[1]),
        ("All clients", every.rate("commands") if "commands" in every.names() else [], PALETTE[0]),
    ]
    grown, whole = ours.total("store_commands"), every.total("commands")
    headline = Headline(fmt.share(grown, whole), "is ours") if grown is not None and whole else None
    return sampled.lines(ours, look, parts, RATE, "Commands a second in the store", headline=headline)


def _waterfall(found: SystemPage, look: Look) -> Sampled:
    visit = found.vitals.visit
    if visit is None or not visit.loaded:
        return Sampled("What a browser loaded, and when", None)
    # the document and its first answers whatever they took, then the slowest files
    ranked = sorted(visit.loaded, key=lambda one: (one.kind not in ("document", "call"), one.start - one.end))
    rows = sorted(ranked[:MOST_LOADED], key=lambda one: one.start)
    shown = [plain(f"{at + 1}. {one.name.rsplit('/', 1)[-1]}") for at, one in enumerate(rows)]
    colours = {"document": PALETTE[4], "script": PALETTE[0], "style": PALETTE[3], "call": PALETTE[1], "font": PALETTE[5], "image": PALETTE[7]}  # fmt: skip
    trace = {
        "type": "bar", "orientation": "h", "y": shown, "base": [one.start for one in rows],
        "x": [max(1.0, one.end - one.start) for one in rows], "width": 0.7,
        "marker": {"color": [colours.get(one.kind, OTHERS) for one in rows], "line": {"width": 0}},
        "customdata": [f"{plain(one.name)}: {one.start:,.0f} to {one.end:,.0f} ms, {fmt.short(one.bytes, 'bytes')}" for one in rows],
        "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip
    end = max(one.end for one in rows)
    kinds = [kind for kind in colours if any(one.kind == kind for one in rows)]
    figure = plot(
        [trace],
        {"xaxis": {"range": [0, end * 1.02], "ticksuffix": " ms", "tickformat": ",~g", "showgrid": True},
         "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "minallowed": None}},
        head=("File", "Start", "Took", "Bytes"),
        rows=[(one.name, one.start, one.end - one.start, one.bytes) for one in rows],
        units=(FINE, FINE, Unit()),
        says=f"{len(visit.loaded)} files and answers in {end:,.0f} ms.",
        headline=Headline(fmt.short(sum(one.bytes for one in visit.loaded), "bytes"), "over the network"),
        legend=[(kind.capitalize(), colours[kind]) for kind in kinds],
    )  # fmt: skip
    at = sampled.since(visit.at, look, found.vitals.now)
    part = (
        f"the document, answers and slowest files, {len(rows)} of {len(visit.loaded)}"
        if len(rows) < len(visit.loaded)
        else "all"
    )
    words = f"What the last browser to report loaded for {visit.page}, at {at} {look.zone_name}: {part}"
    return Sampled(words, figure)


def last(values: Sequence[Number]) -> Number:
    """The newest known one."""
    return next((one for one in reversed(values) if one is not None), None)


BUILDERS: dict[str, dict[str, Callable[[SystemPage, Look], Sampled]]] = {
    "services": {
        "sys-states": _states,
        "sys-provider-latency": _provider_latency,
        "sys-provider-errors": _provider_errors,
    },
    "hosts": {"sys-cpu": _cpu, "sys-memory": _memory, "sys-disk": _disk, "sys-network": _network},
    "store": {
        "sys-store-memory": _store_memory,
        "sys-store-work": _store_work,
        "sys-store-latency": _store_latency,
        "sys-keyspace": _keyspace,
    },
    "dashboard": {"sys-spent": _spent, "sys-waterfall": _waterfall},
    "logs": {},
}
"""Tab → chart → what draws it."""
