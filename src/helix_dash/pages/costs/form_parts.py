"""What the two forms of the costs page are made of, and what a change that failed says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from helix_dash.errors import BadQuery, HelixError
from helix_dash.ui import icon
from helix_dash.ui.wiring import Callbacks


def form(key: str, title: str, subtitle: str, parts: Sequence[Component], **marks: str) -> Component:
    """A form's card, four columns wide."""
    head = html.Header(
        html.Div(
            [
                html.H2(title, id=f"{key}-heading", className="hx-panel__title"),
                html.P(subtitle, className="hx-panel__subtitle"),
            ]
        ),
        className="hx-panel__head",
    )
    return html.Section(
        [head, *parts],
        id=key,
        className="hx-card hx-panel hx-col-4 hx-form hx-costs-form",
        **{f"data-{mark}": value for mark, value in marks.items()},
        **{"aria-labelledby": f"{key}-heading"},
    )


def locked(words: str) -> Component:
    """What stands in place of a form for those who may not change anything."""
    return html.Div([icon("lock"), html.Span(words)], className="hx-form__locked")


def text(key: str, label: str, *, options: str = "", hint: str = "", mark: str = "", **more: Any) -> Component:  # fmt: skip
    """A field for words or an amount; ``options`` is the id of a list of known names."""
    given = {"list": options} if options else {}
    field = dcc.Input(
        id=key, type="text", value="", className="hx-input", autoComplete="off", maxLength=200, placeholder=hint, **given, **more
    )  # fmt: skip
    known = [html.Datalist(id=options)] if options else []
    return html.Div(
        [html.Label(label, htmlFor=key, className="hx-label"), field, *known],
        className=f"hx-form__row {mark}".strip(),
    )


def select(key: str, label: str, choices: Sequence[tuple[str, str]], value: str, mark: str = "") -> Component:
    """A field with a few choices, (value, words)."""
    options = [{"value": one, "label": words} for one, words in choices]
    return html.Div(
        [
            html.Label(label, htmlFor=key, className="hx-label"),
            dbc.Select(id=key, options=options, value=value, class_name="hx-input"),
        ],
        className=f"hx-form__row {mark}".strip(),
    )


def deeds(key: str, save: str) -> list[Component]:
    """The buttons, and the place of what was done."""
    return [
        html.Div(
            [
                html.Button(save, id=f"{key}-save", className="hx-button hx-button--primary", type="button"),
                html.Button("Remove", id=f"{key}-remove", className="hx-button", type="button"),
                html.Progress(id=f"{key}-busy", hidden=True, className="hx-busy", **{"aria-label": "Working"}),
            ],
            className="hx-form__deeds",
        ),
        html.P("", id=f"{key}-done", className="hx-form__done", role="status", **{"data-tone": "none"}),
    ]  # fmt: skip


def confirm(key: str, title: str, words: str) -> Component:
    """The question before something is taken away."""
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(title)),
            dbc.ModalBody(words),
            dbc.ModalFooter(
                [
                    html.Button("Keep", id=f"{key}-keep", className="hx-button", type="button"),
                    html.Button("Remove", id=f"{key}-sure", className="hx-button hx-button--primary", type="button"),
                ]
            ),
        ],
        id=f"{key}-confirm",
        is_open=False,
        centered=True,
        class_name="hx-modal",
    )  # fmt: skip


def said(key: str, changed: str, *, again: bool = False) -> tuple[Output, Output, Output]:
    """Where a change tells what was done: words, their tone, and the page's input that shows it at once."""
    return (
        Output(f"{key}-done", "children", allow_duplicate=again),
        Output(f"{key}-done", "data-tone", allow_duplicate=again),
        Output(changed, "data", allow_duplicate=again),
    )


def failed(error: Exception, reference: str, *_: Any, **__: Any) -> tuple[Any, ...]:
    """What a change that was not made says."""
    if isinstance(error, BadQuery):
        return str(error), "bad", no_update
    if isinstance(error, HelixError):
        return f"{error} Nothing was changed.", "bad", no_update
    return f"That did not work. Reference {reference} in the server's log.", "bad", no_update


def wire(
    on: Callbacks,
    key: str,
    changed: str,
    given: Sequence[State],
    permission: str,
    save: Callable[..., str],
    remove: Callable[..., str],
) -> None:
    """What the buttons of form ``key`` do, for who holds ``permission``; ``save`` and ``remove`` get what is ``given``
    and say what they did."""
    busy = [(Output(f"{key}-save", "disabled"), True, False), (Output(f"{key}-busy", "hidden"), False, True)]
    common: dict[str, Any] = {"permission": permission, "failed": failed, "prevent_initial_call": True}

    @on(*said(key, changed), Input(f"{key}-save", "n_clicks"), *given, running=busy, **common)
    def save_it(clicks: int | None, *values: Any) -> Any:
        return (save(*values), "good", clicks) if clicks else (no_update,) * 3

    @on(*said(key, changed, again=True), Input(f"{key}-sure", "n_clicks"), *given, **common)
    def remove_it(clicks: int | None, *values: Any) -> Any:
        return (remove(*values), "good", -clicks) if clicks else (no_update,) * 3

    on.in_browser(
        "hxcosts.asked",
        Output(f"{key}-confirm", "is_open"),
        *(Input(f"{key}-{part}", "n_clicks") for part in ("remove", "sure", "keep")),
        prevent_initial_call=True,
    )
