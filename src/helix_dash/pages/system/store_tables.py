"""The System health page's tables of a store: its state, its keys, its commands and the slow ones."""

from __future__ import annotations

from helix_dash.metrics.self_told import Fact, StoreTold
from helix_dash.pages.system.queries import SystemPage
from helix_dash.pages.system.tables import filled
from helix_dash.ui import format as fmt
from helix_dash.ui.look import Look
from helix_dash.ui.panel import Updates
from helix_dash.ui.rows import Line
from helix_dash.ui.sampled import since
from helix_dash.ui.states import Message
from helix_dash.ui.table import Field

FACTS = (Field("value", "Now"), Field("verdict", ""))
PREFIXES = (
    Field("bytes", "Memory", bar=True, unknown="the server does not tell sizes"),
    Field("keys", "Keys"),
    Field("expiring", "With a TTL"),
)
COMMANDS = (
    Field("time", "Time in the server", bar=True),
    Field("calls", "Calls"),
    Field("rate", "Per second"),
    Field("mean", "Mean"),
)
SLOW = (Field("took", "Took"), Field("command", "Command"))

_NOT_YET = Message(
    "empty",
    "Nothing has been told yet",
    "The collector asks the store every few seconds: helix-dash collect.",
)


def facts(found: SystemPage, look: Look, stale: bool) -> Updates:
    """What the store says of itself, and what is wrong with it."""
    body, frames = found.told, found.of(found.store)
    if body is None or not body.facts:
        return filled("sys-facts", "", FACTS, [], _NOT_YET, stale=stale)
    told, missing = body.facts, body.missing
    lines = [
        _line(*row)
        for row in (
            *_kind(told),
            *_safety(told, look, found.vitals.now),
            *_room(told, found),
            *_copies(told, frames.latest("replicas")),
        )
    ]
    words = f"It does not tell: {', '.join(missing)}" if missing else "As the server tells it"
    return filled("sys-facts", "Store", FACTS, lines, _NOT_YET, stale=stale, subtitle=words, texts=("value", "verdict"))  # fmt: skip


Row = tuple[str, str, str, str]
"""What, how it is, a verdict in a word or none, and its tone."""


def _line(name: str, value: str, verdict: str, tone: str) -> Line:
    return Line(name, {"value": value, "verdict": verdict}, tones={"verdict": tone} if verdict else None)


def _kind(told: dict[str, Fact]) -> list[Row]:
    name = "Valkey" if "valkey_version" in told else "Redis"
    version = told.get("valkey_version") or told.get("redis_version") or "unknown version"
    uptime = told.get("uptime_in_seconds")
    role = str(told.get("role", "unknown"))
    primary = role == "master"
    return [
        ("Server", f"{name} {version}", "", ""),
        ("Running for", fmt.age(float(uptime)) if isinstance(uptime, int | float) else fmt.UNKNOWN, "", ""),
        ("Role", "primary" if primary else "replica" if role == "slave" else role, *(("", "") if primary else ("takes no writes", "bad"))),
    ]  # fmt: skip


def _safety(told: dict[str, Fact], look: Look, now: int) -> list[Row]:
    if told.get("aof_enabled"):
        well = told.get("aof_last_write_status", "ok") == "ok"
        persistence: Row = (
            "Persistence",
            "append-only file",
            *(("", "") if well else ("cannot be written", "bad")),
        )
    elif told.get("rdb_last_bgsave_status") == "ok":
        persistence = ("Persistence", "snapshots at most", "a crash loses the newest", "warn")
    else:
        persistence = ("Persistence", "snapshots fail", "look at its disk", "bad")
    saved = told.get("rdb_last_save_time")
    last = (
        since(int(saved) * 10**6, look, now) if isinstance(saved, int | float) and saved > 0 else fmt.UNKNOWN
    )
    return [persistence, ("Last snapshot", last, "", "")]


def _room(told: dict[str, Fact], found: SystemPage) -> list[Row]:
    frames = found.of(found.store)
    policy, limit = str(told.get("maxmemory_policy", "unknown")), frames.latest("memory_limit")
    memory, evicted = (
        frames.latest("memory"),
        frames.total("evicted") if "evicted" in frames.names() else None,
    )
    risky = policy.startswith("allkeys") and limit is not None
    full = limit is not None and memory is not None and memory > 0.9 * limit
    refused = frames.total("refused_clients") if "refused_clients" in frames.names() else None
    shown = (
        f"{fmt.short(memory, 'bytes')} of {fmt.short(limit, 'bytes')}"
        if limit
        else f"{fmt.short(memory, 'bytes')}, no limit set"
    )
    fragmentation = frames.latest("fragmentation")
    return [
        ("Memory", shown, *(("nearly full", "bad") if full else ("", ""))),
        ("When full", policy, *(("may evict the log", "bad") if risky else ("", ""))),
        ("Evicted in this period", fmt.short(evicted, "count"), *(("totals may be incomplete", "bad") if evicted else ("", ""))),
        ("Fragmentation", fmt.short(fragmentation, "count"), "", ""),
        ("Keys", f"{fmt.short(frames.latest('keys'), 'count')}, {fmt.share(frames.latest('keys_expiring'), frames.latest('keys'))} with a TTL", "", ""),
        ("Connections refused", fmt.short(refused, "count"), *(("raise maxclients", "bad") if refused else ("", ""))),
    ]  # fmt: skip


def _copies(told: dict[str, Fact], replicas: float | None) -> list[Row]:
    link = told.get("master_link_status")
    if link is not None:
        return [
            ("Link to its primary", str(link), *(("", "") if link == "up" else ("it serves old data", "bad")))
        ]
    return [("Replicas", fmt.short(replicas, "count"), "", "")]


def prefixes(found: SystemPage, _look: Look, stale: bool) -> Updates:
    """Keys by the beginning of their names, with how many of them expire."""
    told, answer = found.keyspace, found.vitals.answers.get(found.keyspace_question)
    entries = told.prefixes[:12] if told is not None else []
    most = max((one.bytes or 0 for one in entries), default=0) or 1
    lines = [
        Line(
            one.prefix,
            {
                "bytes": fmt.short(one.bytes, "bytes"),
                "keys": fmt.short(one.keys, "count"),
                "expiring": fmt.short(one.expiring, "ratio"),
            },
            share=(one.bytes or 0) / most,
        )
        for one in entries
    ]
    nothing = _NOT_YET
    if answer is not None and not answer.ok:
        nothing = Message("error", "Its keys cannot be looked at", answer.error)
    elif told is not None:
        nothing = Message("empty", "The store has no keys")
    words = told.words.capitalize() if told is not None else ""
    return filled("sys-prefixes", "Keys", PREFIXES, lines, nothing, stale=stale, subtitle=words)


def commands(found: SystemPage, _look: Look, stale: bool) -> Updates:
    """Which commands took the server's time in this period."""
    frames = found.of(found.store)
    known = [name.removeprefix("usec|") for name in frames.names() if name.startswith("usec|")]
    spent = {name: frames.total(f"usec|{name}") or 0.0 for name in known}
    ordered = [name for name in sorted(known, key=lambda name: -spent[name]) if spent[name]][:12]
    whole, most = sum(spent.values()) or 1, spent[ordered[0]] if ordered else 1
    lines = []
    for name in ordered:
        calls = frames.total(f"calls|{name}") or 0.0
        cells = {
            "time": fmt.share(spent[name], whole),
            "calls": fmt.short(round(calls), "count"),
            "rate": fmt.short(calls / frames.seconds, "count") if frames.seconds else fmt.UNKNOWN,
            "mean": fmt.short(spent[name] / calls / 1000, "ms") if calls else fmt.UNKNOWN,
        }
        lines.append(Line(name, cells, share=spent[name] / most))
    words = "By all clients together, in this period; share of the time of those shown apart"
    return filled("sys-commands", "Command", COMMANDS, lines, _NOT_YET, stale=stale, subtitle=words)


def slow(found: SystemPage, look: Look, stale: bool, *, operator: bool) -> Updates:
    """The server's slow log; an ``operator`` may see what the commands were about."""
    told = found.told or StoreTold()
    more = "" if operator else "; what they were about is shown to administrators"
    head = "Newest first"
    if told.slower_than_us is not None:
        head = f"Slower than {fmt.short(told.slower_than_us / 1000, 'ms')}, newest first"
    lines = [
        Line(
            since(one.at * 10**6, look, found.vitals.now),
            {"took": fmt.short(one.us / 1000, "ms"), "command": one.masked if operator else one.command},
        )
        for one in told.slow[:12]
    ]
    nothing = (
        Message("empty", "No slow command", "The server's slow log is empty.") if found.told else _NOT_YET
    )
    if "the slow log" in told.missing:
        nothing = Message("empty", "The slow log may not be read", "The store does not let us ask for it.")
    return filled(
        "sys-slow", "When", SLOW, lines, nothing, stale=stale, subtitle=head + more, texts=("command",)
    )
