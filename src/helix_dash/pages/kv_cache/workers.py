"""What the KV cache page shows by worker: their table, and what the router would count for each."""

from __future__ import annotations

from helix_dash.metrics.kv_cache import KvReading, KvWorker
from helix_dash.ui import format as fmt
from helix_dash.ui import panel, rich_table, table
from helix_dash.ui.panel import Updates
from helix_dash.ui.rich_table import Column, Line, Meter
from helix_dash.ui.states import Message

WORKERS, COSTS = 16, 8
FORMULA = "overlap weight × blocks to prefill + decode blocks + load weight × active requests"
COLUMNS = (
    Column("requests", "Requests"),
    Column("share", "Share", "meter", "Of all workers' requests"),
    Column("tokens", "Tokens"),
    Column("usage", "Blocks in use", "meter"),
    Column("blocks", "Blocks"),
    Column("hit_rate", "Hit rate"),
    Column("running", "Running"),
    Column("waiting", "Waiting"),
    Column("cost", "Routing cost", help=f"Derived: {FORMULA}"),
)


def fill_workers(reading: KvReading, words: Message, stale: bool) -> Updates:
    """The table of workers; ``words`` where nothing is told."""
    shown = reading.workers[:WORKERS]
    subtitle = {"kv-workers.subtitle": f"Growth in this window, gauges as last read. Routing cost: {FORMULA}"}
    if not shown:
        return panel.says("kv-workers", words) | subtitle
    requests = sum(one.requests or 0 for one in reading.workers)
    lines = [_worker(one, requests) for one in shown]
    filled = rich_table.fill("kv-workers", COLUMNS, lines, WORKERS)
    return panel.ready("kv-workers", stale=stale) | subtitle | filled


def _worker(one: KvWorker, requests: float) -> Line:
    share = None if one.requests is None or not requests else one.requests / requests
    blocks = fmt.short(one.blocks, "count")
    return Line(
        one.name,
        {
            "requests": fmt.short(one.requests, "count"),
            "share": Meter(None, fmt.UNKNOWN)
            if share is None
            else Meter(share, fmt.short(share, "ratio"), of_limit=False),
            "tokens": fmt.short(one.tokens, "tokens"),
            "usage": Meter(one.usage, fmt.short(one.usage, "ratio")),
            "blocks": f"{blocks} of {fmt.short(one.total_blocks, 'count')}" if one.total_blocks else blocks,
            "hit_rate": fmt.short(one.hit_rate, "ratio"),
            "running": fmt.short(one.running, "count"),
            "waiting": fmt.short(one.waiting, "count"),
            "cost": fmt.short(one.cost, "count"),
        },
    )


def fill_costs(reading: KvReading, words: Message, stale: bool) -> Updates:
    """The routing cost of each worker, the least first; ``words`` where nothing is told."""
    known = sorted((one for one in reading.workers if one.cost is not None), key=lambda one: one.cost or 0)
    weights = [reading.overlap_weight, reading.load_weight]
    shown = " and ".join(fmt.short(weight, "count") for weight in weights)
    subtitle = {"kv-cost.subtitle": f"Derived, of a mean request; weights {shown}. The least is chosen."}
    if not known:
        why = Message("empty", "Not known", "This server tells no weights, or nothing was asked of it.")
        return panel.says("kv-cost", why if reading.frames.names() else words) | {"kv-cost.subtitle": FORMULA}
    top = max(one.cost or 0 for one in known) or 1
    best = known[0].cost or 0
    rows = [
        table.Row(
            one.name,
            None,
            {
                "count": fmt.short(one.cost, "count"),
                "share": "best" if one is known[0] else f"+{fmt.short((one.cost or 0) - best, 'count')}",
            },
            share=(one.cost or 0) / top,
        )
        for one in known[:COSTS]
    ]
    return panel.ready("kv-cost", stale=stale) | subtitle | table.fill("kv-cost", rows, COSTS)
