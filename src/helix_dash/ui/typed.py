"""A text field whose text is told after a pause, and never written back while somebody types.

``dcc.Input`` restores the caret a moment after each key, and every field bound to a ``value`` is given its own older
text again: on a page that is still loading, keys land in the wrong place or are lost. Here the text goes one way,
from the field to the store ``<key>-text`` (assets/typed.js), and what the field holds is the typist's alone.
"""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

_NEVER = 10**9
"""Milliseconds after which the field itself would tell its value."""


def text_of(key: str) -> str:
    """The id of the store that holds what was typed into the field ``key``; its ``data`` is a text."""
    return f"{key}-text"


def field(key: str, name: str, *, placeholder: str, longest: int = 256, wait: int = 300) -> Component:
    """A search field.

    Args:
        key: the field's id.
        name: its name for screen readers.
        placeholder: what it says when it is empty.
        longest: characters it takes.
        wait: milliseconds without a key after which the text is told.
    """
    return html.Div(
        [
            html.Label(name, htmlFor=key, className="hx-sr"),
            dbc.Input(
                id=key,
                type="search",
                class_name="hx-input",
                debounce=_NEVER,
                placeholder=placeholder,
                maxlength=str(longest),
                autocomplete="off",
            ),
            dcc.Store(id=text_of(key), data=""),
        ],
        className="hx-typed",
        **{"data-typed": text_of(key), "data-wait": str(wait)},
    )
