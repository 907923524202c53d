"""What a page says of a server that it shows: whether it answers, since when not and why, live or polled, or a mock."""

from __future__ import annotations

from datetime import tzinfo

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.samples.answers import Answer
from helix_dash.ui import format as fmt
from helix_dash.ui import icon
from helix_dash.ui.panel import Updates

REASONS = {
    "unreachable": "cannot be reached",
    "timeout": "does not answer in time; it may be frozen",
    "throttled": "refuses the question by its own rate limit",
    "unauthorized": "refuses our key",
    "unreadable": "answers something else than it should",
    "refused": "answers with an error",
}
"""A failure's fixed word → what the server does."""


def status(name: str) -> Component:
    """The line about a server, filled by :func:`told`."""
    return html.Div(
        className="hx-source",
        id=f"hx-{name}-source",
        role="status",
        children=[
            html.Span("", id=f"hx-{name}-way", className="hx-tag", **{"data-tone": "none"}),
            html.Span("", id=f"hx-{name}-mock", className="hx-tag", **{"data-tone": "info"}),
            html.Span("", id=f"hx-{name}-told", className="hx-source__told"),
        ],
    )


def banner(name: str) -> Component:
    """Words across the page while the server does not answer."""
    return html.Div(
        [icon("unplug"), html.Span("", id=f"hx-{name}-failing")],
        id=f"hx-{name}-banner",
        className="hx-banner",
        hidden=True,
        **{"data-tone": "warn"},
    )


def outputs(name: str) -> dict[str, Output]:
    """The places a callback fills; the banner's too."""
    return {
        f"{name}.way": Output(f"hx-{name}-way", "children"),
        f"{name}.way.tone": Output(f"hx-{name}-way", "data-tone"),
        f"{name}.mock": Output(f"hx-{name}-mock", "children"),
        f"{name}.told": Output(f"hx-{name}-told", "children"),
        f"{name}.failing": Output(f"hx-{name}-failing", "children"),
        f"{name}.quiet": Output(f"hx-{name}-banner", "hidden"),
    }


def late(answer: Answer | None, every: float, now: int) -> bool:
    """Whether the last answer is older than three turns: then nobody asks, or the asker is in trouble."""
    return bool(answer and answer.answered and now - answer.answered > max(60.0, 3 * every) * 1_000_000)


def told(
    name: str,
    title: str,
    answer: Answer | None,
    *,
    every: float,
    now: int,
    zone: tzinfo,
    zone_name: str,
    live: bool = False,
) -> Updates:
    """What the line and the banner say.

    Args:
        name: the key of both.
        title: what the server is called.
        answer: what it last said; ``None`` when it was never asked.
        every: seconds between two questions.
        now: microseconds since the epoch.
        zone: where times are shown in.
        zone_name: its name.
        live: whether its WebSocket tells the rates of the moment.
    """
    failing = why_old(title, answer, every=every, now=now, zone=zone, zone_name=zone_name)
    way, tone = ("Live", "good") if live else (f"Polling, {every:.0f} s", "info")
    if failing:
        way, tone = "Stale", "warn"
    words = "It has not been asked yet."
    if answer is not None and answer.answered is not None:
        took = f", in {fmt.short(answer.took_ms, 'ms')}" if answer.took_ms is not None else ""
        words = f"{title} answered at {fmt.clock(answer.answered, zone)} {zone_name}{took}."
    elif answer is not None:
        words = f"{title} has never answered."
    return {
        f"{name}.way": way,
        f"{name}.way.tone": tone,
        f"{name}.mock": "Mock" if answer is not None and answer.mock else "",
        f"{name}.told": words,
        f"{name}.failing": failing,
        f"{name}.quiet": not failing,
    }


def why_old(
    title: str, answer: Answer | None, *, every: float, now: int, zone: tzinfo, zone_name: str
) -> str:
    """Why the server's figures are old, in a sentence or two; empty when they are not."""
    if answer is None:
        return ""
    last = (
        f"Its figures are of {fmt.clock(answer.answered, zone)} {zone_name}, {fmt.age((now - answer.answered) / 1e6)} old."
        if answer.answered
        else "It has never answered."
    )
    if answer.error:
        does = REASONS.get(answer.reason, "does not answer")
        does = f"{does} ({answer.error.rstrip('.')})" if answer.reason not in REASONS else does
        since = (
            f" since {fmt.clock(answer.failing_since, zone)} {zone_name}"
            if answer.failing_since is not None
            else ""
        )
        return f"{title} {does}{since}. {last}"
    if late(answer, every, now):
        return f"{title} was not asked lately: is the collector running? {last}"
    return ""
