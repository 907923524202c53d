"""Parts of a page that need requests one by one: a chart of how they are spread, the newest of them as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from helix_dash.metrics.singly import Held
from helix_dash.ui import panel, recent
from helix_dash.ui.charts import Figure
from helix_dash.ui.look import Look, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message


def kept(held: Held) -> str:
    """How many requests a figure is of, to end its subtitle with; empty where it is of all of them."""
    return f" · of the {held.rows:,} requests that are still kept singly" if held.expired else ""


def none(noun: str, held: Held, look: Look) -> Message:
    """Why there is nothing to show."""
    if held.gone:
        return Message("empty", "Single requests have expired", "Totals of this time are kept; how they were spread is not.")  # fmt: skip
    return nothing(noun, look)


def fill_chart(
    name: str, figure: Figure | None, subtitle: str, noun: str, held: Held, look: Look, *, all_of_them: bool = False
) -> Updates:  # fmt: skip
    """The new contents of chart panel ``name``.

    Args:
        name: the panel.
        figure: what it draws; ``None`` when there is nothing.
        subtitle: what it shows.
        noun: what there is nothing of.
        held: the requests it is made of.
        look: what it is shown under.
        all_of_them: whether totals tell it, so that nothing is missing in it.
    """
    words = subtitle if all_of_them else subtitle + kept(held)
    if figure is None:
        return panel.says(name, none(noun, held, look)) | {f"{name}.subtitle": words}
    return panel.ready(name, stale=look.stale, figure=figure, subtitle=words)


def fill_recent(
    name: str,
    held: Held,
    fields: Mapping[str, Callable[[recent.Row], str]],
    look: Look,
    log: str,
    noun: str = "requests",
) -> Updates:
    """The new rows of the panel with the newest requests.

    Args:
        name: the panel, and the table in it.
        held: the requests.
        fields: title → writes a request's text.
        look: what they are shown under.
        log: the address of the request log under the page's filter.
        noun: what there is nothing of.
    """
    if not held.recent:
        return panel.says(name, none(noun, held, look)) | {f"{name}.subtitle": ""}
    ready = panel.ready(name, stale=look.stale, subtitle=f"{look.zone_name}; a line opens its request")
    return ready | recent.fill(name, held.recent, fields, zone=look.zone, log=log)
