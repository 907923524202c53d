"""What a page is: its place in the menu, its layout, its callbacks, the tables it can export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dash.development.base_component import Component

from helix_dash.ui.wiring import Callbacks

Group = Literal["Monitor", "API", "Gateway", "People", "Operate"]
GROUPS: tuple[Group, ...] = ("Monitor", "API", "Gateway", "People", "Operate")


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table that a section lets people take away. ``columns`` are names of the schema table."""

    key: str
    title: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One page.

    Args:
        key: its name in code and element ids.
        title: its name in the menu and on the page.
        icon: the name of an icon in assets/icons.css.
        group: where in the menu it stands.
        path: its address below the prefix, ``/`` or ``/name``.
        layout: makes a skeleton without data; the data come by callback.
        callbacks: what fills the skeleton.
        permission: who may see it.
        tables: what can be exported from it.
        letter: the key that opens it after ``g``; no two pages have the same.
        listed: whether it stands in the menu; else only other pages lead to it.
    """

    key: str
    title: str
    icon: str
    group: Group
    path: str
    layout: Callable[[], Component]
    callbacks: Callbacks
    permission: str = "read"
    tables: tuple[ExportTable, ...] = ()
    letter: str = ""
    listed: bool = True
