"""The new values of what the cache could have answered, and of what it answered to the wrong people."""

from __future__ import annotations

from urllib.parse import urlencode

from helix_dash import context
from helix_dash.metrics.cache_owners import Crossing, Policy
from helix_dash.metrics.cache_waste import REASONS
from helix_dash.pages.cache.controls import PERMISSION
from helix_dash.pages.cache.single import Single
from helix_dash.pages.cache.tables import EVICT, evicting_entry, filled, short_hash, when
from helix_dash.pages.cache.view import REASONS as REASON_ROWS
from helix_dash.ui import format as fmt
from helix_dash.ui import panel, rows, table
from helix_dash.ui.look import Look, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message
from helix_dash.ui.table import Field

WASTE = (
    Field("model", "Model"),
    Field("requests", "Again", bar=True),
    Field("cost", "Paid again", unknown="no repeat has a known price"),
    Field("reason", "Mostly because"),
    Field("gap", "After"),
)
CROSS = (
    Field("asked", "Asked by", unknown="not recorded"),
    Field("team", "Team", unknown="not recorded"),
    Field("owner", "Entry written by"),
    Field("of", "Of team", unknown="not seen in this period"),
    Field("model", "Model"),
    Field("outcome", "Hit"),
    Field("score", "Score", unknown="an exact hit has none"),
    Field("age", "Age", unknown="not recorded"),
)


def again(found: Single, look: Look, here: str) -> Updates:
    """What was paid for again: by reason, and prompt by prompt; ``here`` is the address of this page."""
    one, name = found.waste, "cache-reasons"
    spent = f", {fmt.short(one.total.cost_usd, 'usd')}" if one.total.cost_usd else ""
    unpriced = f", {one.total.unpriced:,} of them without a known price" if one.total.unpriced else ""
    total = f"{one.total.requests:,} of {one.hashed:,} paid requests repeated a prompt{spent}{unpriced}"
    quiet = Message(
        "empty", "Nothing was paid for twice", "No prompt came again that the same model had answered."
    )
    words = quiet if one.hashed else nothing("paid requests with a prompt's hash", look)
    ranked = sorted(one.reasons.items(), key=lambda item: -item[1].requests)
    top = ranked[0][1].requests if ranked else 1
    reasons = [
        table.Row(
            REASONS[reason],
            None,
            {"count": fmt.short(again.requests, "count"), "share": fmt.short(again.cost_usd, "usd")},
            share=again.requests / top,
        )
        for reason, again in ranked
    ]
    under = {
        f"{name}.subtitle": "Repeated prompts by why they were not answered from the cache, and their cost"
    }
    updates = (panel.ready(name, stale=look.stale) | table.fill(name, reasons, REASON_ROWS) if reasons else panel.says(name, words)) | under  # fmt: skip
    most = max((group.again.requests for group in one.top), default=1)
    lines = [
        rows.Line(
            short_hash(group.prompt_hash),
            {
                "model": group.model or "Unknown",
                "requests": fmt.short(group.again.requests, "count"),
                "cost": fmt.short(group.again.cost_usd, "usd"),
                "reason": REASONS[group.reason],
                "gap": fmt.age(group.gap_s),
            },
            href=f"{here}&{urlencode({'prompt': group.prompt_hash})}",
            share=group.again.requests / most,
        )
        for group in one.top
    ]
    return updates | filled("cache-waste", "Prompt", WASTE, lines, total, words, look, ("model", "reason"))


def crossed(found: Single, look: Look, policy: Policy, log: str) -> Updates:
    """Answers across tenants, with a button to evict each one's entry for who may."""
    one, allowed = found.crossings, context.may(PERMISSION) and context.scope().organization is None
    unplaced = (
        f"; of {one.unplaced:,} the owner's team is not known" if one.unplaced and policy == "team" else ""
    )
    traced = f", {one.traced:,} of them by the answer that made the entry" if one.traced else ""
    subtitle = f"{one.count(policy):,} of {one.known:,} hits with a known owner{traced}{unplaced}"
    if one.hits and not one.known:
        words = Message(
            "empty", "No entry says who wrote it", f"{one.hits:,} hits, none with an owner in its record."
        )
    elif one.known:
        words = Message(
            "empty",
            "No answer crossed",
            f"{one.known:,} hits were answered with entries of their own {policy}.",
        )
    else:
        words = nothing("hits", look)
    fields = (*CROSS, EVICT) if allowed else CROSS
    lines = [_crossing(crossing, look, log, allowed=allowed) for crossing in one.latest[policy]]
    return filled("cache-cross", "When", fields, lines, subtitle, words, look, ("asked", "team", "owner", "of", "model", "outcome", "evict"))  # fmt: skip


def _crossing(one: Crossing, look: Look, log: str, *, allowed: bool) -> rows.Line:
    cells = {
        "asked": one.user or fmt.UNKNOWN,
        "team": one.team or fmt.UNKNOWN,
        "owner": one.owner,
        "of": ", ".join(one.owner_teams[:2]) or fmt.UNKNOWN,
        "model": one.model or "Unknown",
        "outcome": one.outcome,
        "score": fmt.UNKNOWN if one.similarity is None else f"{one.similarity:.3f}",
        "age": fmt.UNKNOWN if one.created is None else fmt.age((one.at - one.created) / 1e6),
        "evict": "Evict" if one.entry or one.created is not None else "",
    }
    deeds = None
    if allowed and cells["evict"]:
        words = f"Evict the entry of {one.owner} that answered {one.user or 'somebody else'}?"
        deeds = {"evict": evicting_entry(words, one.entry, one.owner, one.model, one.created)}
    return rows.Line(when(one.at, look), cells, href=f"{log}&{urlencode({'request': one.row})}", deeds=deeds)
