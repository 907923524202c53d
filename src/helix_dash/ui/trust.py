"""The trust bar: how far what is on the page can be trusted, in one quiet line; a click explains each signal.

It belongs to the shell, so every page has it without doing anything: assets/trust.js asks ``/api/v1/trust`` once
per refresh with the page's own address, and writes the answer (:func:`told`) into the parts made here. The rules
are those of :mod:`helix_dash.metrics.trust`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from helix_dash.log.query import LogHealth
from helix_dash.log.shown import iso
from helix_dash.metrics.trust import HICCUP, OLD, RULES, Facts, Rule, Signal, signals, worst
from helix_dash.ui import format as fmt
from helix_dash.ui import icon
from helix_dash.ui.controls import popover
from helix_dash.zones import Zone

BAR, STATUS = "hx-trust", "hx-status"
_TONES = {"good": "", "none": "", "info": "note", "warn": "amber", "bad": "red"}


def bar() -> Component:
    """The line in the header and the layer with one entry per signal, without figures."""
    label = [
        html.Span("Simulated", id="hx-simulated", className="hx-tag", hidden=True, **{"data-tone": "info"}),
        html.Span(id="hx-trust-dot", className="hx-dot", **{"data-tone": "none"}),
        html.Span("", id="hx-trust-text"),
    ]
    entries = [_entry(rule.key, rule.label, _explained(rule)) for rule in RULES]
    zone = [html.P("Days and weeks begin in it, and every time on the page is written in it.")]
    body = html.Div(
        [
            html.P("How far these figures can be trusted", className="hx-signals__title"),
            *entries,
            _entry("zone", "Zone", zone),
        ],
        className="hx-signals",
    )
    layer = popover(BAR, label, body, name="How far these figures can be trusted", side="right")
    return html.Div([dcc.Store(id=STATUS), layer], className="hx-trust")


def banner() -> Component:
    """What takes a line of its own: that figures are old, and why."""
    return html.Div(
        [icon("unplug"), html.Span("", id="hx-stale-text")],
        id="hx-stale",
        className="hx-banner",
        role="alert",
        hidden=True,
        **{"data-tone": "warn"},
    )


def _entry(key: str, label: str, text: list[Component]) -> Component:
    """One signal: its name and figure, and below, when opened, what they mean."""
    return html.Details(
        id=f"hx-trust-{key}",
        className="hx-signal",
        **{"data-tone": "none"},
        children=[
            html.Summary(
                [
                    html.Span(className="hx-dot"),
                    html.Span(label, className="hx-signal__label"),
                    html.Span("", id=f"hx-trust-{key}-tone", className="hx-sr"),
                    html.Span(fmt.UNKNOWN, id=f"hx-trust-{key}-text", className="hx-signal__figure"),
                    icon("chevron-down"),
                ]
            ),
            html.Div(
                [html.P("", id=f"hx-trust-{key}-note", className="hx-signal__note"), *text],
                className="hx-signal__body",
            ),
        ],
    )


def _explained(rule: Rule) -> list[Component]:
    return [
        html.P(rule.meaning),
        html.Dl(
            [html.Dt("Amber"), html.Dd(rule.amber), html.Dt("Red"), html.Dd(rule.red)],
            className="hx-signal__rule",
        ),
        html.P([html.B("What to do: "), rule.advice], className="hx-signal__advice"),
    ]


def told(facts: Facts, zone: Zone, reporting: Zone) -> dict[str, Any]:
    """The answer of ``/api/v1/trust``: figures for programs, and the words that the bar shows.

    Args:
        facts: what the rules look at.
        zone: the zone of the page.
        reporting: the zone of the setting.
    """
    found = signals(facts)
    first = worst(found)
    as_of = facts.health.as_of
    return {
        "as_of": None if as_of is None else iso(as_of),
        "zone": zone.name,
        "tone": first.tone if first and first.tone != "info" else "good",
        "text": _line(first, as_of, zone),
        "stale": why_old(facts.health, zone.info, zone.name, now=facts.now),
        "simulated": _made_up(found),
        "signals": [
            *(_signal(signal, facts) for signal in found),
            _zone_signal(zone.name, reporting.name),
        ],
    }


def why_old(health: LogHealth, zone: tzinfo, zone_name: str, *, now: int | None = None) -> str:
    """Why what is shown is old, in a sentence; empty when it is fresh. ``now``: epoch microseconds."""
    now = fmt.now_us() if now is None else now
    as_of = f"{fmt.clock(health.as_of, zone)} {zone_name}"
    if not health.store_ok and health.age is None:
        return "The store has not answered since this server was started."
    if not health.store_ok and health.age is not None and health.age > HICCUP:
        return f"The store has not answered for {fmt.age(health.age)}. Showing what was known at {as_of}."
    behind = (now - health.as_of) / 1_000_000 if health.as_of is not None else 0.0
    if health.store_ok and behind > OLD:
        return (
            f"The collector has been silent for {fmt.age(behind)}: requests since {as_of} are not shown yet."
        )
    return ""


def _line(first: Signal | None, as_of: int | None, zone: Zone) -> str:
    """When all is well, how fresh the data are; else the worst thing first."""
    fresh = f"As of {fmt.clock(as_of, zone.info)} {zone.name}" if as_of is not None else "No data yet"
    if first is None or first.tone == "info" or (first.rule.key == "age" and as_of is None):
        return fresh
    return f"{first.rule.words.format(figure(first))} · {fresh}"


def figure(signal: Signal) -> str:
    """The figure of ``signal`` for people."""
    if signal.value is None:
        return fmt.UNKNOWN
    match signal.rule.unit:
        case "s":
            return f"{signal.value:.1f} s" if signal.value < 10 else fmt.age(signal.value)
        case "ratio":
            return fmt.share(signal.value, 1)
        case "times":
            return "as chosen" if signal.value == 1 else f"{signal.value:.0f} × as long"
        case _:
            return f"{signal.value:,.0f}"


def _signal(signal: Signal, facts: Facts) -> dict[str, Any]:
    return {
        "key": signal.rule.key,
        "tone": signal.tone,
        "said": _TONES[signal.tone],
        "value": signal.value,
        "text": figure(signal) + (" ago" if signal.rule.key == "age" and signal.value is not None else ""),
        "note": _note(signal, facts),
    }


def _note(signal: Signal, facts: Facts) -> str:
    """What is particular about this figure now."""
    if signal.rule.key == "pace":
        return facts.why_slow
    if signal.rule.key == "rejected":
        reasons: Mapping[str, int] = facts.health.rejected_reasons
        most = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:5]
        return "; ".join(f"{reason.replace('_', ' ')}: {count:,}" for reason, count in most)
    if signal.rule.key == "lag" and signal.value is None:
        return "Nothing has arrived in the last 10 minutes, so there is nothing to measure."
    if signal.rule.key == "age" and signal.value is None:
        return "Nothing has been collected yet."
    if signal.rule.unit == "ratio" and signal.value is None:
        return "There are no requests in this view."
    return ""


def _zone_signal(zone_name: str, reporting: str) -> dict[str, Any]:
    other = zone_name != reporting
    note = f"This page is in another zone than the reporting zone, {reporting}." if other else ""
    tone = "info" if other else "none"
    return {"key": "zone", "tone": tone, "said": _TONES[tone], "value": None, "text": zone_name, "note": note}


def _made_up(found: tuple[Signal, ...]) -> str:
    """A word about simulated requests; empty when there are none in view."""
    share = next(signal.value for signal in found if signal.rule.key == "simulated")
    return "" if not share else "Simulated" if share == 1 else "Partly simulated"
