"""The controls every page has: time range, filters, refresh, theme. All they do is change the address.

A control writes its parameter into the URL (assets/address.js) and everything else follows from there; so a
view can be shared, reloaded and gone back to.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from helix_dash.ui import icon

RANGES: tuple[tuple[str, str], ...] = (
    ("now-5m", "Last 5 minutes"),
    ("now-30m", "Last 30 minutes"),
    ("now-1h", "Last hour"),
    ("now-3h", "Last 3 hours"),
    ("now-6h", "Last 6 hours"),
    ("now-24h", "Last 24 hours"),
    ("now-3d", "Last 3 days"),
    ("now-7d", "Last 7 days"),
    ("now-14d", "Last 14 days"),
    ("now-30d", "Last 30 days"),
    ("now-90d", "Last 90 days"),
    ("now-365d", "Last year"),
)
DEFAULT_RANGE = "now-24h"

REFRESHES: tuple[tuple[str, str], ...] = (
    ("off", "Off"),
    ("5", "5 s"),
    ("30", "30 s"),
    ("60", "1 min"),
    ("300", "5 min"),
    ("900", "15 min"),
)
THEMES: tuple[tuple[str, str, str], ...] = (
    ("auto", "Theme as the browser", "sun-moon"),
    ("light", "Light theme", "sun"),
    ("dark", "Dark theme", "moon"),
)


def popover(
    key: str, label: Any, body: Any, *, name: str, side: str = "left", summary: str = "", quiet: bool = False
) -> Component:
    """A button that opens a layer below it.

    Args:
        key: id of the details element; its button gets ``-button``.
        label: what the button shows.
        body: what the layer holds.
        name: the button's name for screen readers.
        side: the edge that button and layer share.
        summary: more classes for the button.
        quiet: whether the button has an icon only.
    """
    return html.Details(
        id=key,
        className=f"hx-pop hx-pop--{side}",
        children=[
            html.Summary(
                label,
                id=f"{key}-button",
                className=f"{summary} {'hx-button--icon' if quiet else ''}".strip(),
                title=name,
                **({"aria-label": name} if quiet else {}),
            ),
            html.Div(body, className="hx-pop__body"),
        ],
    )


def _line(label: Any, data: dict[str, str], kind: str = "") -> Component:
    """A line of a menu; its ``data`` say what a click on it means (assets/shell.js)."""
    return html.Button(label, className=f"hx-menu__item {kind}".strip(), type="button", **data)


def choice(parameter: str, value: str, label: Any, **also: str | None) -> Component:
    """A line that sets one parameter of the address, and with it ``also`` others (``None``: takes them away)."""
    return _line(
        label,
        {
            "data-set": json.dumps({parameter: value} | also),
            "data-choice": f"{parameter}={value}",
            "aria-pressed": "false",
        },
    )


def time_range() -> Component:
    """The range: presets at the left, from and to at the right."""
    presets = [choice("from", value, label, to=None) for value, label in RANGES]
    custom = [
        html.Div([html.Label("From", className="hx-label", htmlFor="hx-from"), _moment("hx-from")]),
        html.Div([html.Label("To", className="hx-label", htmlFor="hx-to"), _moment("hx-to")]),
        html.Button(
            "Apply",
            id="hx-apply",
            className="hx-button hx-button--primary",
            type="button",
            **{"data-action": "apply"},
        ),
        html.P(
            [
                "Times are in ",
                html.Span("", id="hx-range-zone"),
                ". Drag across a chart to choose a part of it.",
            ],
            className="hx-faint",
        ),
    ]
    return popover(
        "hx-range",
        [icon("calendar"), html.Span("Last 24 hours", id="hx-range-label"), icon("chevron-down")],
        html.Div(
            [html.Div(presets, className="hx-menu"), html.Div(custom, className="hx-range__custom")],
            className="hx-range",
        ),
        name="Time range (T)",
        side="right",
    )


def _moment(key: str) -> Component:
    # assets/header.js turns it into a native date and time field; typed text works as well
    return dcc.Input(id=key, type="text", className="hx-input", placeholder="2026-01-31 14:00")


def zone() -> Component:
    """The zone of the page: assets/zones.js fills the layer, and says which one it is."""
    return popover(
        "hx-zone",
        [icon("globe"), html.Span("", id="hx-zone-label")],
        html.Div(id="hx-zone-body", className="hx-zonebox"),
        name="Time zone",
        side="right",
    )


def compare() -> Component:
    """Whether the period before is drawn too."""
    return html.Button(
        [icon("git-compare-arrows"), html.Span("Compare", className="hx-wide")],
        id="hx-compare",
        className="hx-button hx-button--toggle",
        type="button",
        title="Compare with the period before (C)",
        **{
            "data-action": "compare",
            "aria-pressed": "false",
            "aria-label": "Compare with the period before",
        },
    )


def refresh(default: float) -> Component:
    """How often the page asks for new figures, and a button to pause. ``default`` is the setting, in seconds."""
    lines = list(REFRESHES)
    standard = f"{default:g}"
    if standard not in dict(lines):
        lines.insert(1, (standard, f"{standard} s"))
    every = popover(
        "hx-refresh",
        [html.Span("5 s", id="hx-refresh-label"), icon("chevron-down")],
        html.Div([choice("refresh", value, label) for value, label in lines], className="hx-menu"),
        name="Refresh every …",
        side="right",
    )
    pause = html.Button(
        [icon("pause"), icon("play")],
        id="hx-pause",
        className="hx-button hx-button--icon hx-pause",
        type="button",
        title="Pause refreshing (P)",
        **{"data-action": "pause", "aria-pressed": "false", "aria-label": "Pause refreshing (P)"},
    )
    return html.Div([pause, every], className="hx-joined", role="group", **{"aria-label": "Refresh"})


def link() -> Component:
    """The link to this view: as it moves with time, or to exactly this period."""
    lines = [
        _line(
            [
                icon(look),
                html.Span([html.Span(words), html.Span(note, className="hx-faint")], className="hx-two"),
            ],
            {"data-action": action},
            "hx-menu__item--two",
        )
        for action, look, words, note in (
            ("link-now", "link", "Copy link", "Shows the latest when it is opened"),
            ("link-exact", "clock", "Copy link to exactly this period", "Shows these very times"),
        )
    ]
    return popover(
        "hx-link",
        icon("link"),
        html.Div(lines, className="hx-menu"),
        name="Copy link",
        side="right",
        quiet=True,
    )


def views() -> Component:
    """Saved views: assets/views.js fills the layer."""
    return popover(
        "hx-views",
        [icon("bookmark"), html.Span("Views", className="hx-wide")],
        html.Div(id="hx-views-body", className="hx-views"),
        name="Saved views (V)",
        side="right",
    )


def palette() -> Component:
    """The way to the command palette for those who do not know its key."""
    return html.Button(
        [
            icon("search"),
            html.Span("Find …", className="hx-palette__word"),
            html.Kbd("Ctrl K", className="hx-palette__key"),
        ],
        id="hx-palette",
        className="hx-palette",
        type="button",
        title="Find a page, a range, an action (Ctrl K)",
        **{
            "data-action": "palette",
            "aria-label": "Find a page, a range, an action",
            "aria-keyshortcuts": "Control+K",
        },
    )


def account(person: str, role: str, sign_out: str) -> Component:
    """Who is signed in, the look they prefer, and the ways out."""
    return popover(
        "hx-account",
        icon("circle-user"),
        html.Div(
            [
                html.Div([html.Div(person), html.Div(role, className="hx-faint")], className="hx-account"),
                html.Hr(className="hx-menu__rule"),
                *(choice("theme", value, [icon(name), label]) for value, label, name in THEMES),
                html.Hr(className="hx-menu__rule"),
                html.A([icon("log-out"), "Sign out"], href=sign_out, className="hx-menu__item"),
                _line([icon("log-out"), "Sign out everywhere …"], {"data-action": "leave"}),
            ],
            className="hx-menu",
        ),
        name=f"Signed in as {person}",
        side="right",
        quiet=True,
    )


def tabs(key: str, choices: Sequence[tuple[str, str]], label: str) -> Component:
    """A small set of choices side by side; ``choices`` are (value, words)."""
    return html.Div(
        dbc.RadioItems(
            id=key,
            options=[{"value": value, "label": words} for value, words in choices],
            value=choices[0][0],
            class_name="hx-tabs",
            label_class_name="hx-tab",
        ),
        role="group",
        **{"aria-label": label},
    )
