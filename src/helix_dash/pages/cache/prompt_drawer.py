"""The drawer over one prompt: who asked, what answered, what was saved, what was paid again and why. Its address is ``prompt``."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.asked import Asked, asked
from helix_dash.errors import HelixError
from helix_dash.metrics.cache_gateway import gateway_cache
from helix_dash.metrics.cache_lab import lab
from helix_dash.metrics.cache_prompt import Asker, Prompt, Used, Uses, prompt
from helix_dash.metrics.cache_waste import REASONS
from helix_dash.pages.cache.controls import PERMISSION
from helix_dash.pages.cache.tables import evicting_entry, when
from helix_dash.ui import drawer as side
from helix_dash.ui import format as fmt
from helix_dash.ui import recent, shell
from helix_dash.ui.drawer import copy
from helix_dash.ui.look import Look
from helix_dash.ui.wiring import Callbacks

KEY, DETAILS = "hx-prompt", "hx-prompt-details"
LONGEST = 200
_AGES = ("up to 1 minute", "up to 1 hour", "up to 6 hours", "up to 1 day", "up to 1 week", "older")


def layout() -> list[Component]:
    """The closed drawer."""
    return side.drawer(KEY, "Prompt", html.Div(id=DETAILS, className="hx-prompt"))


def wire(on: Callbacks) -> None:
    """The drawer's callbacks: one read per prompt that is opened, none per refresh."""

    @on(
        Output(DETAILS, "children"),
        Input(side.wanted(KEY), "data"),
        Input(shell.FILTER, "data"),
        failed=_failed,
        running=[(Output(DETAILS, "className"), "hx-prompt hx-waiting", "hx-prompt")],
        prevent_initial_call=True,
    )
    def show_prompt(name: Any, state: dict[str, Any] | None) -> Component | None:
        if not name or not isinstance(name, str) or state is None:
            return None
        question = asked(state)
        found = read(question, name[:LONGEST])
        if found is None:
            return side.gone("No such prompt here", "Nobody asked it in this period, under this filter, or it is not yours to see.")  # fmt: skip
        return details(found, question.look, recent.address(context.running().path("requests"), state))

    side.wire(on, KEY, "hxprompt")


def _failed(error: Exception, reference: str, *_: Any) -> Component:
    words = str(error) if isinstance(error, HelixError) else f"Reference {reference} in the server's log."
    return side.gone("This prompt cannot be shown", words)


def read(question: Asked, name: str) -> Prompt | None:
    """The prompt with this hash as the asker may see it.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    log, scope, where = question.log, question.scope, question.where
    told = gateway_cache(context.reading(), where.period, question.now_us)
    threshold = told.threshold if told.threshold is not None else lab(log, scope, where).lowest_hit
    return prompt(log, scope, where, name, ttl_s=told.ttl_exact, threshold=threshold)


def details(one: Prompt, look: Look, log: str) -> Component:
    """The drawer's contents; ``log`` is the address of the request log under the page's filter."""
    parts = [*_head(one, look, log), _models(one), *_reasons(one), *_ages(one), *_askers(one, look), *_entries(one, look)]  # fmt: skip
    return html.Div(parts, className="hx-details")


def _head(one: Prompt, look: Look, log: str) -> list[Component]:
    uses, again = one.uses, one.waste.total
    eligible = uses.hits + uses.misses
    facts = [
        ("Requests", fmt.short(uses.requests, "count")),
        ("Hit rate", fmt.share(uses.hits, eligible) if eligible else fmt.UNKNOWN),
        ("Saved", _dollars(uses.saved_usd)),
        ("Paid again", _dollars(again.cost_usd)),
    ]
    figures = [
        html.Div([html.Div(name, className="hx-fact__label"), html.Div(value, className="hx-fact__value")])
        for name, value in facts
    ]
    address = f"{log}&{urlencode({'prompt_hash': one.prompt_hash})}"
    owners = list(dict.fromkeys(entry.owner for entry in one.entries if entry.owner))
    lines = [
        ("First asked", when(one.first, look)),
        ("Last asked", when(one.last, look)),
        ("Entry written by", ", ".join(owners) or "The gateway does not say, and the log does not show it"),
    ]
    return [
        html.P([html.Code(one.prompt_hash), copy(one.prompt_hash, "Copy prompt hash")], className="hx-details__id"),
        html.Div(figures, className="hx-facts"),
        html.Section(
            [
                html.Dl([part for name, value in lines for part in (html.Dt(name), html.Dd(value))]),
                html.P(dcc.Link("Open its requests in the log", href=address, className="hx-link"), className="hx-prompt__link"),
            ]
        ),
    ]  # fmt: skip


def _models(one: Prompt) -> Component:
    """What became of its requests, by model; the sum of them all below."""
    heads = ("Exact", "Semantic", "Miss", "Bypass", "Not told", "Saved", "Paid")

    def cells(uses: Uses) -> list[str]:
        counts = (uses.exact, uses.semantic, uses.misses, uses.bypass, uses.silent)
        return [*(f"{count:,}" for count in counts), _dollars(uses.saved_usd), _dollars(uses.spent_usd)]

    body = [(model.model or "Unknown", cells(model)) for model in one.models]
    return html.Section(
        [html.H3("What answered"), _table("Requests for this prompt by model", ("Model", *heads), body, ("All", cells(one.uses)))]
    )  # fmt: skip


def _reasons(one: Prompt) -> list[Component]:
    """Why it was paid for again."""
    ranked = sorted(one.waste.reasons.items(), key=lambda item: -item[1].requests)
    if not ranked:
        words = html.P("No answer to it was paid for twice in this period.", className="hx-details__said")
        return [html.Section([html.H3("Paid for again"), words])]
    body = [(REASONS[reason], [f"{again.requests:,}", _dollars(again.cost_usd)]) for reason, again in ranked]
    table = _table("Repeats that were paid for, by reason", ("Reason", "Repeats", "Cost"), body)
    return [html.Section([html.H3("Paid for again"), table])]


def _ages(one: Prompt) -> list[Component]:
    """Hits by the age of their entry, as bars."""
    total = sum(one.ages)
    if not total:
        return []
    top = max(one.ages)
    median = "" if one.ages_p50_s is None else f"Median {fmt.age(one.ages_p50_s)}"
    bars = [
        html.Li(
            [
                html.Span(words),
                html.B(f"{count:,}"),
                html.Span(fmt.share(count, total)),
            ],
            className="hx-prompt__age",
            style={"--share": f"{count / top:.1%}"},
        )
        for words, count in zip(_AGES, one.ages, strict=True)
        if count
    ]
    return [html.Section([html.H3("Age of the entry at hits"), html.P(median, className="hx-details__said"), html.Ul(bars, className="hx-prompt__ages")])]  # fmt: skip


def _askers(one: Prompt, look: Look) -> list[Component]:
    """Who was answered from the cache, and how often with somebody else's entry."""
    if not one.askers:
        return []

    def line(asker: Asker) -> tuple[str, list[str]]:
        foreign = f"{asker.foreign:,}" if asker.foreign else "none"
        return asker.user or "Unknown", [asker.team or fmt.UNKNOWN, f"{asker.hits:,}", foreign, when(asker.last, look)]  # fmt: skip

    heads = ("User", "Team", "Hits", "Of others' entries", "Last hit")
    table = _table("Who was answered from the cache", heads, [line(asker) for asker in one.askers])
    more = [html.P(f"and {one.others:,} more", className="hx-details__said")] if one.others else []
    return [html.Section([html.H3("Answered from the cache"), table, *more])]


def _entries(one: Prompt, look: Look) -> list[Component]:
    """The entries that answered, each to be evicted by who may."""
    if not one.entries:
        return []
    allowed = context.may(PERMISSION) and context.scope().organization is None
    body: list[tuple[str, list[Any]]] = []
    for entry in one.entries:
        name = f"{entry.key}…" if entry.key else "Key not told"
        cells: list[Any] = [entry.model or "Unknown", entry.owner or fmt.UNKNOWN, when(entry.created, look), f"{entry.hits:,}"]  # fmt: skip
        body.append((name, [*cells, _evict(entry)] if allowed else cells))
    heads = ("Entry", "Model", "Written by", "Written", "Hits", *(("Evict",) if allowed else ()))
    return [html.Section([html.H3("Entries that answered"), _table("Entries of the cache that answered this prompt", heads, body)])]  # fmt: skip


def _evict(entry: Used) -> Any:
    """The button that asks to evict ``entry``; nothing where neither its key nor who wrote it when is known."""
    if entry.key is None and (entry.owner is None or entry.created is None):
        return ""
    words = f"Evict the entry {entry.key}…?" if entry.key else f"Evict the entry that {entry.owner} wrote?"
    deed = evicting_entry(words, entry.key, entry.owner, entry.model, entry.created)
    return html.Button("Evict", className="hx-link", type="button", **{"data-deed": deed})


def _table(
    caption: str, heads: Sequence[str], body: Sequence[tuple[str, Sequence[Any]]], foot: tuple[str, Sequence[Any]] | None = None
) -> Component:  # fmt: skip
    """A small table: names first, figures to the right of them."""

    figures = [any(_figure(cells[at]) for _, cells in body) for at in range(len(heads) - 1)]
    looks = ["hx-number" if figure else "" for figure in figures]

    def line(name: str, cells: Sequence[Any]) -> Component:
        texts = [html.Td(cell, className=look) for cell, look in zip(cells, looks, strict=True)]
        return html.Tr([html.Th(name, scope="row"), *texts])

    titles = [
        html.Th(title, scope="col", className=look) for title, look in zip(heads, ("", *looks), strict=True)
    ]
    parts = [html.Thead(html.Tr(titles)), html.Tbody([line(name, cells) for name, cells in body])]
    if foot is not None:
        parts.append(html.Tfoot(line(*foot)))
    table = html.Table(parts, className="hx-bill")
    return html.Div(table, className="hx-prompt__table", tabIndex="0", role="region", **{"aria-label": caption})  # fmt: skip


def _figure(cell: Any) -> bool:
    return isinstance(cell, str) and (cell[:1].isdigit() or cell[:1] in "$<~") and ":" not in cell


def _dollars(amount: Decimal | None) -> str:
    return fmt.short(amount, "usd")
