"""What a panel says when it has no figures to show. Every message is a sentence and, where one helps, an action."""

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
    "retry": "Try again",
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


def waiting(noun: str) -> Message:
    """The log is empty altogether."""
    return Message(
        "empty",
        f"No {noun} recorded yet",
        "They appear here as soon as a gateway with the Helix hook answers one.",
    )


def failed(error: Exception, reference: str) -> Message:
    """Something went wrong; ``reference`` finds it in the server's log."""
    if isinstance(error, Forbidden):
        return Message("forbidden", "Not allowed", str(error))
    if isinstance(error, BadQuery):
        return Message("error", "This view cannot be shown", str(error), "clear")
    if isinstance(error, StoreError):
        return Message(
            "error", "The store does not answer", f"{error} Nothing is lost: it will be tried again.", "retry"
        )
    return Message("error", "Could not load this", f"Reference {reference} in the server's log.", "retry")
