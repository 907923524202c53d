"""What a panel says when it has no figures to show. Every message is a sentence and, where one helps, an action.

All states of a panel: ``loading`` (a skeleton of its final size, after 300 ms), ``ready``, ``stale`` (figures with a
mark; why is in the banner), and in place of figures ``empty`` (nothing there, nothing for this filter, or not enough),
``error`` (read out at once, with Retry) and ``forbidden``. The gallery (``helix-dash demo --gallery``) shows each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helix_dash.errors import BadQuery, Forbidden, StoreError

State = Literal["loading", "ready", "empty", "stale", "error", "forbidden"]
Action = Literal["", "clear", "widen", "retry"]

ACTIONS: dict[Action, str] = {
    "": "",
    "clear": "Clear filters",
    "widen": "Show the last 30 days",
    "retry": "Retry",
}


@dataclass(frozen=True, slots=True)
class Message:
    """Two lines and an action in place of figures."""

    state: State
    title: str
    text: str = ""
    action: Action = ""


def empty(noun: str, *, filtered: bool, period: str) -> Message:
    """Nothing to show: because of a filter, or because nothing was recorded in ``period`` ("these 24 hours")."""
    if filtered:
        return Message("empty", f"No {noun} match these filters", f"in {period}.", "clear")
    return Message("empty", f"No {noun} in {period}", "Nothing was recorded then.", "widen")


def not_enough(figure: str, needs: str, there: str) -> Message:
    """There is something, but too little to tell ``figure``: ``not_enough("projection", "14 full days", "there are 3")``."""
    article = "An" if figure[0] in "aeiou" else "A"
    return Message(
        "empty", f"Not enough for {article.lower()} {figure}", f"{article} {figure} needs {needs}; {there}."
    )


def not_allowed(role: str) -> Message:
    """It is there, and not for the asker: the least ``role`` that may see it."""
    return Message("forbidden", f"Needs the {role} role", "An administrator can give it to you.")


def waiting(noun: str) -> Message:
    """The log is empty altogether."""
    return Message(
        "empty",
        f"No {noun} recorded yet",
        "They appear here as soon as a gateway with the Helix hook answers one.",
    )


def failed(error: Exception, reference: str, noun: str = "this") -> Message:
    """Loading ``noun`` went wrong; ``reference`` finds it in the server's log."""
    if isinstance(error, Forbidden):
        return Message("forbidden", "Not allowed", str(error))
    if isinstance(error, BadQuery):
        return Message("error", "This view cannot be shown", str(error), "clear")
    if isinstance(error, StoreError):
        return Message(
            "error", "The store does not answer", f"{error} Nothing is lost: it will be tried again.", "retry"
        )
    return Message("error", f"Could not load {noun}", f"Reference {reference} in the server's log.", "retry")
