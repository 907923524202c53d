"""The rows of the page's tables of what FakeAI's own limiter counted."""

from __future__ import annotations

from collections.abc import Mapping

from helix_dash.pages.rate_limits.queries import RateLimits
from helix_dash.pages.rate_limits.rows import count
from helix_dash.ui import format as fmt
from helix_dash.ui.rich_table import Cell, Column, Line, Meter, Tag, Tone

SERVER = (
    Column("server", "FakeAI"),
    Column("log", "Our log"),
    Column("difference", "Difference"),
)
COUNTED = (
    Column("tier", "Tier", "text"),
    Column("attempted", "Requests"),
    Column("throttled", "Throttled"),
    Column("share", "Share", "meter"),
    Column("tokens", "Tokens, estimated"),
)
SUSPECTS = (
    Column("severity", "Severity", "tag"),
    Column("issues", "Its rules, in its words", "text"),
    Column("requests", "Requests"),
)


def server_counts(found: RateLimits) -> list[Line]:
    """What the server counted beside our log."""
    server, (requests, tokens) = found.server, found.requests
    throttled = next((one.value for one in found.kpis if one.name == "throttled"), None)
    pairs = (
        ("Requests", server.attempted, requests),
        ("Throttled", server.throttled, throttled),
        ("Tokens", server.tokens, tokens),
    )
    return [Line(name, _pair(one, other)) for name, one, other in pairs]


def _pair(server: float | None, ours: float | int | None) -> Mapping[str, Cell]:
    apart = None if server is None or ours is None else server - ours
    sign = "+" if apart and apart > 0 else ""
    return {"server": count(server), "log": count(ours), "difference": fmt.UNKNOWN if apart is None else sign + count(apart)}  # fmt: skip


def counted(found: RateLimits) -> list[Line]:
    """The server's tiers and watched keys."""
    lines = []
    for kind, each in (("tier", found.server.tiers), ("key", found.server.keys)):
        for one in each:
            share = one.throttled / one.attempted if one.attempted and one.throttled is not None else None
            cells: dict[str, Cell] = {
                "tier": one.tier,
                "attempted": count(one.attempted),
                "throttled": count(one.throttled),
                "share": Meter(share, fmt.short(share, "ratio"), "throttled of requests"),
                "tokens": count(one.tokens),
            }
            lines.append(Line(f"{kind} {one.name}", cells, None, one.note))
    return lines


def suspects(found: RateLimits) -> list[Line]:
    """Whom the server's own rules call abusive."""
    tones: dict[str, Tone] = {"high": "bad", "medium": "warn"}
    return [
        Line(
            one.key,
            {
                "severity": Tag(one.severity, tones.get(one.severity, "none")),
                "issues": "; ".join(one.issues),
                "requests": count(one.requests),
            },
            None,
            one.tier,
        )
        for one in found.server.suspects
    ]
