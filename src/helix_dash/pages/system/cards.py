"""The System health page's figures on cards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from helix_dash.metrics.kv_cache import Number
from helix_dash.model import Kpi
from helix_dash.pages.system import figures
from helix_dash.pages.system.queries import SystemPage
from helix_dash.samples import sources as names
from helix_dash.samples.reader import Frames
from helix_dash.ui import format as fmt
from helix_dash.ui.sampled import each

CARDS: tuple[tuple[str, str], ...] = (
    ("system_services_up", "Services up"),
    ("system_error_rate", "Error rate"),
    ("system_overhead_ms_p95", "Gateway overhead p95"),
    ("system_store_ms_p99", "Store latency p99"),
)
STRIP: tuple[tuple[str, str], ...] = (
    ("system_cpu", "Processor"),
    ("system_memory", "Memory"),
    ("system_disk", "Fullest disk"),
    ("system_ingest_lag_ms", "Ingest lag"),
    ("system_dropped", "Dropped requests"),
    ("system_worker_lag_ms", "Worker lag"),
    ("system_commands", "Store commands/s"),
    ("system_store_hit_rate", "Store hit rate"),
    ("system_store_memory", "Store memory"),
    ("system_clients", "Store clients"),
    ("system_evicted", "Evicted keys"),
    ("system_replication_lag_ms", "Replication lag"),
)


def kpis(found: SystemPage) -> list[Kpi]:
    """All of them, in any order."""
    return [_services(found), found.errors, found.overhead, *_hosts(found), *_log(found), *_store(found)]


def _services(found: SystemPage) -> Kpi:
    known = [one for one in found.services if one.state != "unknown"]
    bad = [one.title for one in known if one.state != "up"]
    note = f"of {len(known)} that tell"
    if bad:
        note = f"of {len(known)}; not {', '.join(bad[:2])}{' …' if len(bad) > 2 else ''}"
    up = len(known) - len(bad)
    reason = "nothing tells"
    return Kpi("system_services_up", "", up if known else None, "count", None, "up", reason, (), note)


def _hosts(found: SystemPage) -> list[Kpi]:
    frames = [one for name, one in found.frames.items() if name.startswith(f"{names.HOST}.")]
    several = f"highest of {len(frames)} hosts" if len(frames) > 1 else ""

    def worst(name: str, shares: Callable[[Frames], Sequence[Number]], during: str) -> Kpi:
        lines = [shares(one) for one in frames]
        value = _most(figures.last(line) for line in lines)
        trend = tuple(lines[0]) if len(lines) == 1 else ()
        return Kpi(
            name, "", value, "ratio", None, "down", "no collector samples a host", trend, several or during
        )

    def disks(one: Frames) -> list[Number]:
        every = list(figures.disk_shares(one).values())
        return [_most(values) for values in zip(*every, strict=True)] if every else []

    width = f"last {_step(frames)}" if frames else ""
    return [
        worst("system_cpu", figures.cpu_share, width),
        worst("system_memory", figures.memory_share, "last reading"),
        worst("system_disk", disks, "last reading"),
    ]


def _step(frames: Sequence[Frames]) -> str:
    return each(frames[0])


def _log(found: SystemPage) -> list[Kpi]:
    health = found.log
    lag = None if health.lag is None else health.lag * 1000
    late = [
        beat.gauges["late_ms"]
        for beat in found.vitals.beats
        if "late_ms" in beat.gauges and beat.alive(found.vitals.now)
    ]
    dropped = health.dropped if health.heartbeat is not None else None
    return [
        Kpi("system_ingest_lag_ms", "", lag, "ms", None, "down", "nothing came lately", (), "oldest of the newest"),
        Kpi("system_dropped", "", dropped, "count", None, "down", "no collector has run", (), "since the log began"),
        Kpi("system_worker_lag_ms", "", max(late, default=None), "ms", None, "down", "no process tells", (), "highest, last beat"),
    ]  # fmt: skip


def _store(found: SystemPage) -> list[Kpi]:
    frames = found.of(found.store)
    told = set(frames.names())
    memory, limit = frames.latest("memory"), frames.latest("memory_limit")
    used = memory / limit if memory is not None and limit else None
    free = "not told" if memory is None else f"{fmt.short(memory, 'bytes')}, no limit set"
    rate = frames.rate("commands") if "commands" in told else []
    hits = figures.hit_rate(frames)
    looked, found_keys = frames.total(("hits", "misses")), frames.total("hits")
    lag = frames.latest("replica_lag_s")
    evicted = frames.total("evicted") if "evicted" in told else None
    limit_clients = frames.latest("clients_limit")
    p99 = figures.latency_ms(frames, (99,))[0]
    return [
        Kpi("system_store_ms_p99", "", p99, "ms", None, "down", "this server keeps no histograms", (), "~ all commands, in the server"),
        Kpi("system_commands", "", figures.last(rate), "count", None, "none", "not told", tuple(rate), f"last {_step([frames])}"),
        Kpi("system_store_hit_rate", "", found_keys / looked if looked and found_keys is not None else None, "ratio", None, "none", "no key was looked up", tuple(hits), "in this period"),
        Kpi("system_store_memory", "", used, "ratio", None, "down", free, (), f"{fmt.short(memory, 'bytes')} of {fmt.short(limit, 'bytes')}"),
        Kpi("system_clients", "", frames.latest("clients"), "count", None, "none", "not told", tuple(frames.gauge("clients")), f"of at most {fmt.short(limit_clients, 'count')}"),
        Kpi("system_evicted", "", evicted, "count", None, "down", "not told", (), "in this period"),
        Kpi("system_replication_lag_ms", "", None if lag is None else lag * 1000, "ms", None, "down", "no replica", (), "last reading"),
    ]  # fmt: skip


def _most(values: Iterable[Number]) -> Number:
    return max((one for one in values if one is not None), default=None)
