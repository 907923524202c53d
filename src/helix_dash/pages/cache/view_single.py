"""The new values of what single requests tell on the cache page: scores, prompts, the lab, waste, crossings, advice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from dash import Output

from helix_dash.metrics.cache_lab import At
from helix_dash.metrics.cache_owners import Policy
from helix_dash.pages.cache import figures, view_again
from helix_dash.pages.cache.single import NEAR, SCORES, Single
from helix_dash.pages.cache.tables import filled, short_hash, when
from helix_dash.pages.cache.view import ADVICE, OF_SINGLE, SINGLE_CHARTS, SINGLE_PANELS, SINGLE_TABLES
from helix_dash.pages.cache.view import REASONS as REASON_ROWS
from helix_dash.ui import format as fmt
from helix_dash.ui import kpi, panel, rows, table
from helix_dash.ui.look import Look, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message
from helix_dash.ui.table import Field

PROMPTS = (
    Field("model", "Model"),
    Field("hits", "Hits", bar=True),
    Field("saved", "Saved", unknown="no hit has a known price"),
    Field("owner", "Written by", unknown="the gateway does not say"),
    Field("first", "First hit"),
    Field("last", "Last hit"),
)
NEARLY = (
    Field("score", "Score"),
    Field("model", "Model"),
    Field("team", "Team", unknown="not recorded"),
    Field("user", "User", unknown="not recorded"),
    Field("cost", "Cost", unknown="no known price"),
    Field("log", "Prompt", unknown="no hash was recorded"),
)
PAIRS = (
    Field("score", "Score"),
    Field("now", "Now"),
    Field("tried", "At this threshold"),
    Field("model", "Model"),
    Field("asked", "Asked by", unknown="not recorded"),
    Field("owner", "Entry written by", unknown="told of hits only"),
    Field("worth", "Worth", unknown="no known price"),
)
TRY = (
    Field("tried", "Tried"),
    Field("now", "Now", unknown="the present threshold is not known"),
)


def outputs(root: str) -> dict[str, Output]:
    """Every place that :func:`show` may fill."""
    found: dict[str, Output] = {"page.state": Output(root, "data-page-state")}
    for name in OF_SINGLE:
        found |= kpi.outputs(name)
    for name in SINGLE_PANELS:
        found |= panel.outputs(name, figure=name in SINGLE_CHARTS)
    for name in SINGLE_TABLES:
        found |= rows.outputs(name)
    for index in range(ADVICE):
        key, place = f"hx-cache-advice-{index}", f"advice.{index}"
        found |= {
            f"{place}.hidden": Output(key, "hidden"),
            f"{place}.tone": Output(key, "data-tone"),
            f"{place}.title": Output(f"{key}-title", "children"),
            f"{place}.text": Output(f"{key}-text", "children"),
        }
    return found | table.bar_outputs("cache-reasons", REASON_ROWS)


def show(found: Single, look: Look, policy: Policy, log: str, here: str) -> Updates:
    """The new values.

    Args:
        policy: what answers may not cross.
        log: the address of the request log under the page's filter; ``here`` is that of this page.
    """
    updates: Updates = {}
    for figure in found.kpis:
        updates |= kpi.fill(figure, before=f"previous {fmt.length(look.period)}", during=look.during)
    line = _line(found)
    drawn = {
        "cache-scores": (f"Requests by the score of their best match{line}{_below(found)}", "looked-up requests"),
        "cache-ages": ("Hits by the age of their entry; TTL is that of exact entries", "hits with a known age"),
        "cache-use": (f"{found.use.entries:,} entries by how often they answered exactly; without a key, one per prompt", "exact hits"),
        "cache-lab": (f"From {found.lab.lookups:,} recorded scores, all else as it was{line}", "looked-up requests"),
    }  # fmt: skip
    for name, (subtitle, noun) in drawn.items():
        chart = figures.SINGLE[name](found)
        shown = panel.says(name, nothing(noun, look)) if chart is None else panel.ready(name, stale=look.stale, figure=chart)  # fmt: skip
        updates |= shown | {f"{name}.subtitle": subtitle}
    updates |= _advice(found, look) | _prompts(found, look, here) | _near(found, look, log)
    return (
        updates
        | _lab(found, look, log)
        | view_again.again(found, look, here)
        | view_again.crossed(found, look, policy, log)
    )


def _below(found: Single) -> str:
    below = sum(one.below for one in found.scores.values())
    return f"; {below:,} scored below {SCORES[0]:g}" if below else ""


def _line(found: Single) -> str:
    if found.threshold is None:
        return "; the threshold is not known"
    told = "" if found.gateway.threshold is not None else ", the lowest hit: the gateway does not say"
    return f"; threshold {found.threshold:g}{told}"


def _advice(found: Single, look: Look) -> Updates:
    name = "cache-advice"
    updates: Updates = {f"{name}.subtitle": "Rules, each with its evidence and what to expect"}
    for index in range(ADVICE):
        place = f"advice.{index}"
        if index >= len(found.advice):
            updates[f"{place}.hidden"] = True
            continue
        one = found.advice[index]
        text = f"{one.evidence} {one.effect}"
        updates |= {f"{place}.hidden": False, f"{place}.tone": one.tone, f"{place}.title": one.title, f"{place}.text": text}  # fmt: skip
    if found.advice:
        return updates | panel.ready(name, stale=look.stale)
    quiet = Message(
        "empty", "Nothing to change", "No rule about owners, thresholds, lives or memory was met."
    )
    return updates | panel.says(name, quiet if found.eligible else nothing("eligible requests", look))


def _prompts(found: Single, look: Look, here: str) -> Updates:
    top = found.use.top[0].hits if found.use.top else 1
    lines = [
        rows.Line(
            short_hash(one.prompt_hash),
            {
                "model": one.model or "Unknown",
                "hits": fmt.short(one.hits, "count"),
                "saved": fmt.short(one.saved_usd, "usd"),
                "owner": one.owner or fmt.UNKNOWN,
                "first": when(one.first, look),
                "last": when(one.last, look),
            },
            href=f"{here}&{urlencode({'prompt': one.prompt_hash})}",
            share=one.hits / top,
        )
        for one in found.use.top
    ]
    subtitle = f"{len(lines)} of {found.use.prompts:,}, by the keyed hash of the prompt; its text is not kept"
    return filled("cache-prompts", "Prompt", PROMPTS, lines, subtitle, nothing("exact hits", look), look, ("model", "owner"))  # fmt: skip


def _asked(row: Mapping[str, Any]) -> str:
    return str(row["user"] or row["team"] or fmt.UNKNOWN)


def _moment(row: Mapping[str, Any], look: Look) -> str:
    return f"{datetime.fromisoformat(str(row['time'])).astimezone(look.zone):%-d %b, %H:%M:%S}"


def _near(found: Single, look: Look, log: str) -> Updates:
    lines = [
        rows.Line(
            _moment(row, look),
            {
                "score": f"{row['similarity']:.3f}",
                "model": row["model"] or "Unknown",
                "team": row["team"] or fmt.UNKNOWN,
                "user": row["user"] or fmt.UNKNOWN,
                "cost": fmt.short(row["cost_usd"], "usd"),
                "log": short_hash(row["prompt_hash"]) if row["prompt_hash"] else fmt.UNKNOWN,
            },
            href=f"{log}&{urlencode({'request': row['row_id']})}",
        )
        for row in found.near
    ]
    subtitle = f"Misses whose score was less than {NEAR:g} below the threshold{_line(found)}"
    words = Message("empty", "No near misses", f"No score was within {NEAR:g} below the threshold.")
    return filled("cache-near", "When", NEARLY, lines, subtitle, words if found.lab.lookups else nothing("looked-up requests", look), look, ("model", "team", "user", "log"))  # fmt: skip


def _lab(found: Single, look: Look, log: str) -> Updates:
    words = nothing("looked-up requests", look)
    tried = found.lab.at(found.picked)
    now = None if found.threshold is None else found.lab.at(found.threshold)
    lines = _beside(found, tried, now) if found.lab.lookups else []
    subtitle = f"{found.picked:g} beside {f'{found.threshold:g}' if found.threshold is not None else 'now'}; first order"  # fmt: skip
    pairs = [
        rows.Line(
            _moment(row, look),
            {
                "score": f"{row['similarity']:.3f}",
                "now": "hit" if row["cache"] == "semantic" else "miss",
                "tried": "hit" if row["similarity"] >= found.picked else "miss",
                "model": row["model"] or "Unknown",
                "asked": _asked(row),
                "owner": row["cache_owner"] or fmt.UNKNOWN,
                "worth": fmt.short(row["avoided_cost_usd"] if row["cache"] == "semantic" else row["cost_usd"], "usd"),
            },
            href=f"{log}&{urlencode({'request': row['row_id']})}",
            tones={"now": _tone(row["cache"] == "semantic"), "tried": _tone(row["similarity"] >= found.picked)},
        )
        for row in found.pairs
    ]  # fmt: skip
    near = "Requests and the scores of their best matches; the log keeps no text of a prompt"
    return filled("cache-try", "", TRY, lines, subtitle, words, look) | filled(
        "cache-pairs", "When", PAIRS, pairs, near, words, look, ("model", "asked", "owner", "now", "tried")
    )


def _tone(hit: bool) -> str:
    return "good" if hit else "none"


def _beside(found: Single, tried: At, now: At | None) -> list[rows.Line]:
    exact = float(found.exact_usd or 0)

    def line(words: str, unit: str, figure: Any) -> rows.Line:
        cells = {
            "tried": fmt.short(figure(tried), unit),
            "now": fmt.short(figure(now), unit) if now else fmt.UNKNOWN,
        }
        return rows.Line(words, cells)

    return [
        line("Hit rate", "ratio", lambda one: (found.exact + one.hits) / found.eligible if found.eligible else None),
        line("Saved", "usd", lambda one: exact + float(one.saved_usd)),
        line("Semantic hits", "count", lambda one: one.hits),
        line("of them misses today", "count", lambda one: one.gained),
        line("Hits lost", "count", lambda one: one.lost),
        line("Without a known price", "count", lambda one: one.unpriced),
    ]  # fmt: skip
