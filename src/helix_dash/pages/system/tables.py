"""The System health page's tables: services, hosts, processes, and what browsers tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from helix_dash.metrics.self_told import HostTold, told
from helix_dash.pages.system import figures
from helix_dash.pages.system.queries import NOTHING, SystemPage
from helix_dash.samples import sources as names
from helix_dash.samples.reader import Frames
from helix_dash.ui import format as fmt
from helix_dash.ui import panel, rows
from helix_dash.ui.health_chips import TONES, WORDS
from helix_dash.ui.look import Look
from helix_dash.ui.panel import Updates
from helix_dash.ui.rows import Line
from helix_dash.ui.sampled import since
from helix_dash.ui.states import Message
from helix_dash.ui.table import Field
from helix_dash.vitals import histogram
from helix_dash.vitals.services import Service

Table = Callable[[SystemPage, Look, bool], Updates]

_NOT_YET = Message(
    "empty", "Nothing has been told yet", "The collector samples every few seconds: helix-dash collect."
)

SERVICES = (
    Field("state", "State"),
    Field("since", "Since", unknown="nobody saw it change"),
    Field("checked", "Last sign", unknown="it has never given one"),
    Field("message", "What it says"),
)
HOSTS = (
    Field("cores", "Cores"),
    Field("cpu", "Processor", unknown="one sample so far"),
    Field("memory", "Memory", unknown="not sampled in this period"),
    Field("disk", "Fullest disk", unknown="not sampled in this period"),
    Field("load", "Load, 1 min", unknown="not sampled in this period"),
    Field("sampled", "Last sample", unknown="it has never answered"),
    Field("limits", "Limits"),
)
PROCESSES = (
    Field("host", "Host"),
    Field("state", "State"),
    Field("up", "Running for"),
    Field("memory", "Memory", unknown="not told"),
    Field("threads", "Threads", unknown="not told"),
    Field("late", "Lag", unknown="not told"),
)
CALLS = (
    Field("count", "Calls", bar=True),
    Field("p50", "p50 ~"),
    Field("p95", "p95 ~"),
    Field("p99", "p99 ~"),
    Field("share", "Share of the time ~"),
)
BROWSERS = (
    Field("what", "Time for"),
    Field("count", "Measured", bar=True),
    Field("p50", "p50 ~"),
    Field("p95", "p95 ~"),
)


def filled(
    name: str, head: str, fields: Sequence[Field], lines: Sequence[Line], nothing: Message, *,
    stale: bool, subtitle: str = "", texts: Sequence[str] = (),
) -> Updates:  # fmt: skip
    """The new contents of a panel with one table; ``nothing`` stands in place of no rows."""
    told = {f"{name}.subtitle": subtitle}
    if not lines:
        return panel.says(name, nothing) | told
    return panel.ready(name, stale=stale) | told | rows.fill(f"{name}-table", head, fields, lines, texts)


def services(found: SystemPage, look: Look, stale: bool) -> Updates:
    """Every service with its state."""
    now = found.vitals.now
    lines = [_service(one, look, now) for one in found.services]
    return filled(
        "sys-services", "Service", SERVICES, lines, _NOT_YET, stale=stale, subtitle=f"As of {fmt.clock(now, look.zone)} {look.zone_name}",
        texts=("state", "since", "checked", "message"),
    )  # fmt: skip


def _service(one: Service, look: Look, now: int) -> Line:
    cells = {
        "state": WORDS[one.state].capitalize(),
        "since": since(one.since, look, now),
        "checked": since(one.checked, look, now),
        "message": one.message,
    }
    return Line(one.title, cells, tones={"state": TONES[one.state]})


def hosts(found: SystemPage, look: Look, stale: bool) -> Updates:
    """Every host that runs a collector."""
    lines = [_host(found, name, look) for name in found.vitals.hosts]
    nothing = Message(
        "empty", "No host is sampled", "A collector samples the host it runs on: helix-dash collect."
    )
    return filled(
        "sys-hosts", "Host", HOSTS, lines, nothing, stale=stale,
        subtitle="Hosts and containers that run a collector; last readings", texts=("sampled", "limits"),
    )  # fmt: skip


def _host(found: SystemPage, name: str, look: Look) -> Line:
    answer, frames = found.vitals.hosts[name], found.frames.get(f"{names.HOST}.{name}", NOTHING)
    body = told(HostTold, answer.body) or HostTold()
    fullest = [
        one for values in figures.disk_shares(frames).values() if (one := figures.last(values)) is not None
    ]
    used, whole = frames.latest("memory_used"), frames.latest("memory_total")
    memory = f"{fmt.short(used, 'bytes')} of {fmt.short(whole, 'bytes')}" if whole else fmt.UNKNOWN
    return Line(
        name,
        {
            "cores": fmt.short(body.cores, "count"),
            "cpu": fmt.short(figures.last(figures.cpu_share(frames)), "ratio"),
            "memory": memory,
            "disk": fmt.short(max(fullest, default=None), "ratio"),
            "load": fmt.short(frames.latest("load_1"), "count"),
            "sampled": since(answer.answered, look, found.vitals.now),
            "limits": f"of its control group: {', '.join(body.limited)}"
            if body.limited
            else "none but the host's",
        },
    )


def processes(found: SystemPage, _look: Look, stale: bool) -> Updates:
    """Our own processes, by their last signs of life."""
    now = found.vitals.now + int(found.age * 1e6)
    lines = []
    for beat in found.vitals.beats:
        alive = beat.alive(now) and not found.error
        state = (
            ("Running", "good")
            if alive and not beat.trouble
            else ("Ailing", "warn")
            if alive
            else ("Silent", "bad")
        )
        lines.append(
            Line(
                f"{beat.kind} {beat.process}",
                {
                    "host": beat.host,
                    "state": state[0],
                    "up": fmt.age(max(0.0, ((now if alive else beat.at) - beat.started) / 1e6)),
                    "memory": fmt.short(beat.gauges.get("memory"), "bytes"),
                    "threads": fmt.short(beat.gauges.get("threads"), "count"),
                    "late": fmt.short(beat.gauges.get("late_ms"), "ms"),
                },
                tones={"state": state[1]},
            )
        )
    nothing = Message(
        "empty", "No process gives a sign of life", "Collectors and web workers under gunicorn do."
    )
    return filled(
        "sys-processes", "Process", PROCESSES, lines, nothing, stale=stale,
        subtitle="Collectors and web workers, by their last sign of life", texts=("host", "state"),
    )  # fmt: skip


def calls(found: SystemPage, _look: Look, stale: bool) -> Updates:
    """How long our own answers took, by callback and route."""
    frames = found.of(names.CALLS)
    counts = _by_name(frames)
    spent = {name: _spent(one) for name, one in counts.items()}
    whole = sum(spent.values())
    ordered = sorted(counts, key=lambda name: -spent[name])[:20]
    most = max((sum(counts[name].values()) for name in ordered), default=0.0)
    lines = []
    for name in ordered:
        total = sum(counts[name].values())
        quantiles = histogram.quantiles(counts[name], figures.PERCENTS)
        cells = {
            f"p{percent}": fmt.short(one, "ms")
            for percent, one in zip(figures.PERCENTS, quantiles, strict=True)
        }
        cells |= {"count": fmt.short(round(total), "count"), "share": fmt.share(spent[name], whole)}
        lines.append(Line(name, cells, share=total / most if most else 0.0))
    failed = found.of(names.SPENT_BY_US).total("calls_failed")
    words = f"All workers together, in this period; failed: {fmt.short(failed, 'count')}"
    nothing = Message(
        "empty", "No answer was measured in this period", "Web workers under gunicorn measure theirs."
    )
    return filled("sys-calls", "Answer", CALLS, lines, nothing, stale=stale, subtitle=words)


def _spent(counts: Mapping[float, float]) -> float:
    """About how long all took together: each at the middle of its stretch."""
    middles = histogram.middles()
    return sum(count * middles.get(bound, bound) for bound, count in counts.items())


def _by_name(frames: Frames) -> dict[str, dict[float, float]]:
    grown = {f"x:{name}": frames.total(name) or 0.0 for name in frames.names()}
    return histogram.by_name(grown, "x")


_WHAT = {
    "render": "drawing an answer",
    "trip": "an answer to arrive",
    "long": "not reacting",
    "first_paint": "the first paint",
    "document": "the document to be ready",
    "largest_paint": "the largest paint",
}


def browsers(found: SystemPage, _look: Look, stale: bool) -> Updates:
    """What browsers measured, by page."""
    counts = _by_name(found.of(names.BROWSERS))
    most = max((sum(one.values()) for one in counts.values()), default=0.0)
    lines = []
    for name in sorted(counts):
        kind, _, page = name.partition(" ")
        total = sum(counts[name].values())
        p50, p95 = histogram.quantiles(counts[name], (50, 95))
        cells = {
            "what": _WHAT.get(kind, kind),
            "count": fmt.short(round(total), "count"),
            "p50": fmt.short(p50, "ms"),
            "p95": fmt.short(p95, "ms"),
        }
        lines.append(Line(page or "Any page", cells, share=total / most if most else 0.0))
    held = [beat.gauges["browser_memory"] for beat in found.vitals.beats if "browser_memory" in beat.gauges]
    memory = f"; a page's scripts last held {fmt.short(held[-1], 'bytes')}" if held else ""
    nothing = Message(
        "empty", "No browser has told anything in this period", "Open pages report about once a minute."
    )
    return filled("sys-browsers", "Page", BROWSERS, lines, nothing, stale=stale, subtitle=f"As browsers measured it{memory}", texts=("what",))  # fmt: skip
