"""What the forms that change something are made of, how they are wired, and what a change that failed says.

The parts of form ``key`` have its name in front of theirs: ``{key}-save``, ``{key}-done``, ``{key}-confirm`` …
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from helix_dash.errors import BadQuery, HelixError
from helix_dash.ui import icon
from helix_dash.ui.wiring import Callbacks

Failed = Callable[..., tuple[Any, ...]]


def form(
    key: str,
    title: str,
    subtitle: str,
    parts: Sequence[Component],
    *,
    span: int,
    mark: str = "",
    **marks: str,
) -> Component:
    """A form's card, ``span`` of twelve columns wide."""
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
        className=f"hx-card hx-panel hx-col-{span} hx-form {mark}".strip(),
        **{f"data-{name}": value for name, value in marks.items()},
        **{"aria-labelledby": f"{key}-heading"},
    )


def locked(words: str, *, hidden: bool = False) -> Component:
    """What stands in place of a form for those who may not change anything."""
    return html.Div([icon("lock"), html.Span(words)], className="hx-form__locked", hidden=hidden)


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
    """The buttons of a form that saves and removes, and the place of what was done."""
    return [
        html.Div(
            [
                html.Button(save, id=f"{key}-save", className="hx-button hx-button--primary", type="button"),
                html.Button("Remove", id=f"{key}-remove", className="hx-button", type="button"),
                html.Progress(
                    id=f"{key}-busy", hidden=True, className="hx-busy", **{"aria-label": "Working"}
                ),
            ],
            className="hx-form__deeds",
        ),
        done(f"{key}-done"),
    ]


def done(identity: str) -> Component:
    """The place where a form says what it did."""
    return html.P("", id=identity, className="hx-form__done", role="status", **{"data-tone": "none"})


def confirm(key: str, title: str, words: Any, deed: str = "Remove") -> Component:
    """The question before something is taken away."""
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(title)),
            dbc.ModalBody(words),
            dbc.ModalFooter(
                [
                    html.Button("Keep", id=f"{key}-keep", className="hx-button", type="button"),
                    html.Button(
                        deed, id=f"{key}-sure", className="hx-button hx-button--primary", type="button"
                    ),
                ]
            ),
        ],
        id=f"{key}-confirm",
        is_open=False,
        centered=True,
        class_name="hx-modal",
    )


def said(key: str, changed: str, *, again: bool = False) -> tuple[Output, Output, Output]:
    """Where a change tells what was done: words, their tone, and the page's input that shows it at once."""
    return (
        Output(f"{key}-done", "children", allow_duplicate=again),
        Output(f"{key}-done", "data-tone", allow_duplicate=again),
        Output(changed, "data", allow_duplicate=again),
    )


def excuse(error: Exception, reference: str) -> str:
    """What a change that was not made says."""
    if isinstance(error, BadQuery):
        return str(error)
    if isinstance(error, HelixError):
        return f"{error} Nothing was changed."
    return f"That did not work. Reference {reference} in the server's log."


def failing(outputs: int = 3) -> Failed:
    """Puts the excuse into the first of ``outputs``, its tone into the second, and leaves the others as they are."""

    def failed(error: Exception, reference: str, *_: Any, **__: Any) -> tuple[Any, ...]:
        return excuse(error, reference), "bad", *((no_update,) * (outputs - 2))

    return failed


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
    common: dict[str, Any] = {"permission": permission, "failed": failing(), "prevent_initial_call": True}

    @on(*said(key, changed), Input(f"{key}-save", "n_clicks"), *given, running=busy, **common)
    def save_it(clicks: int | None, *values: Any) -> Any:
        return (save(*values), "good", clicks) if clicks else (no_update,) * 3

    @on(*said(key, changed, again=True), Input(f"{key}-sure", "n_clicks"), *given, **common)
    def remove_it(clicks: int | None, *values: Any) -> Any:
        return (remove(*values), "good", -clicks) if clicks else (no_update,) * 3

    wire_question(on, key)


def wire_question(on: Callbacks, key: str) -> None:
    """The question of form ``key`` is open from its "remove" until it is answered."""
    on.in_browser(
        "hxforms.asked",
        Output(f"{key}-confirm", "is_open"),
        *(Input(f"{key}-{part}", "n_clicks") for part in ("remove", "sure", "keep")),
        prevent_initial_call=True,
    )
