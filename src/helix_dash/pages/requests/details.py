"""One request in full: what the inspector's tabs hold; unknown is ``—``.

There is no prompt and no answer in any of them: the log holds none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from helix_dash.log.schema import BY_NAME, SHOWN
from helix_dash.pages.requests import cost, timeline
from helix_dash.pages.requests.fields import TONES, group, moment, short, title
from helix_dash.ui import drawer
from helix_dash.ui import format as fmt
from helix_dash.ui.drawer import copy
from helix_dash.zones import Zone

HEADLINE = ("cost_usd", "latency_ms", "ttft_ms", "total_tokens")

Groups = tuple[tuple[str, tuple[str, ...]], ...]

GROUPS: dict[str, Groups] = {
    "timeline": (
        ("Outcome", ("time", "status", "http_code", "error_class", "limiter", "finish_reason")),
        ("Timing", ("latency_ms", "ttft_ms", "tpot_ms", "tokens_per_second", "overhead_ms", "stream")),
        ("Who", ("user", "end_user", "team", "organization", "key_alias", "tags")),
        ("Ids", ("call_id", "trace_id", "session_id")),
        ("Embedding", ("embedding_dimensions", "batch_size")),
        ("Record", ("source", "ingested", "skewed", "producer", "seq")),
    ),
    "cost": (
        ("Tokens", ("input_tokens", "uncached_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "visible_tokens", "reasoning_tokens", "total_tokens")),
        ("Cost", ("cost_usd", "priced", "avoided_cost_usd", "cost_source", "cost_rates")),
    ),
    "routing": (
        ("Route", ("model_requested", "model", "provider", "endpoint", "call_type")),
        ("Attempts", ("retries", "fallbacks", "status", "http_code", "error_class", "limiter")),
    ),
    "cache": (("Gateway cache", ("cache", "similarity", "cache_owner", "cache_age_ms", "cache_key", "prompt_hash", "avoided_cost_usd")),),
    "guardrails": (("Guardrail", ("guardrail", "guardrail_name", "guardrail_mode", "guardrail_ms", "status")),),
    "headers": (("Provider limits", ("limit_requests", "remaining_requests", "limit_tokens", "remaining_tokens")),),
}  # fmt: skip
TABS = (
    ("timeline", "Timeline"),
    ("cost", "Tokens & cost"),
    ("routing", "Routing"),
    ("cache", "Cache"),
    ("guardrails", "Guardrails"),
    ("headers", "Headers"),
    ("raw", "Raw"),
)


def details(row: Mapping[str, Any], zone: Zone) -> Component:
    """The drawer's contents for one row as shown; assets/inspector.css shows the tab that was chosen."""
    status = str(row.get("status") or fmt.UNKNOWN)
    facts = [
        html.Div(
            [
                html.Div(title(BY_NAME[name]), className="hx-fact__label"),
                html.Div(short(BY_NAME[name], row.get(name)), className="hx-fact__value"),
            ]
        )
        for name in HEADLINE
    ]
    head = [
        html.P(
            [
                html.Span(status, className="hx-tag", **{"data-tone": TONES.get(status, "none")}),
                html.Span(row.get("model") or "Unknown model", className="hx-details__model"),
                html.Span(moment(row.get("time"), zone), className="hx-muted"),
            ],
            className="hx-details__what",
        ),
        *_identity(row),
        html.Div(facts, className="hx-facts"),
    ]
    return html.Div([*head, *(_tab(key, row, zone) for key, _ in TABS)], className="hx-details")


def _identity(row: Mapping[str, Any]) -> list[Component]:
    """The id to look for elsewhere; not every gateway gives one."""
    identity = row.get("call_id")
    if not identity:
        return []
    return [
        html.P([html.Code(str(identity)), copy(str(identity), "Copy call id")], className="hx-details__id")
    ]


def gone() -> Component:
    """What the drawer says when the request of its address is not there."""
    return drawer.gone("This request is not in the log", "It has expired, or it is not yours to see.")


def _tab(key: str, row: Mapping[str, Any], zone: Zone) -> Component:
    groups = [group(heading, names, row, zone) for heading, names in GROUPS.get(key, ())]
    return html.Div(
        [*_LEADING[key](row), *groups] if key in _LEADING else groups,
        id=f"hx-tabpanel-{key}",
        className="hx-tabpanel",
        role="tabpanel",
        tabIndex="0",
        **{"data-tabpanel": key, "aria-labelledby": f"hx-tab-{key}"},
    )


def _timeline(row: Mapping[str, Any]) -> list[Component]:
    return [timeline.drawn(row)]


def _cost(row: Mapping[str, Any]) -> list[Component]:
    return [cost.drawn(row)]


def _routing(row: Mapping[str, Any]) -> list[Component]:
    """From what the caller named to what served, as a line to read."""
    asked, served = row.get("model_requested"), row.get("model")
    provider = row.get("provider")
    steps = [asked or "Unknown", served or "Nothing served", *([provider] if provider else [])]
    labels = ("Requested", "Served", "By")
    return [
        html.Div(
            [
                html.Div(
                    [html.Div(label, className="hx-fact__label"), html.Div(step)], className="hx-route__step"
                )
                for label, step in zip(labels, steps, strict=False)
            ],
            className="hx-route",
        )
    ]


def _cache(row: Mapping[str, Any]) -> list[Component]:
    outcome = row.get("cache")
    said = {
        "exact": "The same prompt had been asked before: answered from the gateway's cache.",
        "semantic": "A prompt of the same meaning had been asked before: answered from the gateway's cache.",
        "miss": "Looked up in the gateway's cache, and not found.",
        "bypass": "Not eligible for the gateway's cache.",
    }.get(str(outcome), "The gateway did not say what its cache did.")
    return [html.P(said, className="hx-details__said")]


def _guardrails(row: Mapping[str, Any]) -> list[Component]:
    """Types and counts of what was found, never the values."""
    found = entities(row.get("pii"))
    if not found:
        return [
            html.P("No personal data was reported.", className="hx-details__said", **{"data-field": "pii"})
        ]
    lines = [
        line
        for kind, count in found
        for line in (html.Dt(kind), html.Dd(count, **{"data-field": f"pii:{kind}"}))
    ]
    return [html.Section([html.H3("Personal data found"), html.Dl(lines)])]


def entities(pii: str | None) -> list[tuple[str, str]]:
    """``EMAIL:2;PERSON:1`` as pairs of type and count."""
    parts = [part.rpartition(":") for part in (pii or "").split(";") if part]
    return [(kind, count) if mark else (count, fmt.UNKNOWN) for kind, mark, count in parts]


def _headers(row: Mapping[str, Any]) -> list[Component]:
    """How much of the provider's limits was left after this request."""
    meters: list[Component] = []
    for noun in ("requests", "tokens"):
        limit, left = row.get(f"limit_{noun}"), row.get(f"remaining_{noun}")
        if not limit or left is None:
            continue
        said = f"{left:,} of {limit:,} {noun} left ({fmt.share(left, limit)})"
        meter = html.Meter(
            value=str(min(left, limit)), min="0", max=str(limit), className="hx-meter", **{"aria-label": said}
        )
        meters.append(html.Div([html.P(said), meter], className="hx-details__meter"))
    nothing = html.P("The provider sent no limits with its answer.", className="hx-details__said")
    return meters or [nothing]


def _raw(row: Mapping[str, Any]) -> list[Component]:
    text = raw(row)
    return [
        html.Div(
            [
                html.P("Every recorded column. Prompts and answers are not recorded.", className="hx-faint"),
                copy(text, "Copy JSON"),
            ],
            className="hx-raw__head",
        ),
        html.Pre(text, className="hx-raw", tabIndex="0", **{"aria-label": "JSON"}),
    ]


def raw(row: Mapping[str, Any]) -> str:
    """The row as the API gives it."""
    names = ("row_id", *(column.name for column in SHOWN))
    return json.dumps({name: row.get(name) for name in names}, indent=2, ensure_ascii=False)


_LEADING: dict[str, Callable[[Mapping[str, Any]], list[Component]]] = {
    "timeline": _timeline,
    "cost": _cost,
    "routing": _routing,
    "cache": _cache,
    "guardrails": _guardrails,
    "headers": _headers,
    "raw": _raw,
}


def missing() -> set[str]:
    """Columns that no tab shows in words; a test holds this empty. Raw shows every column anyway."""
    told = {name for groups in GROUPS.values() for _, names in groups for name in names} | {"pii"}
    return {column.name for column in SHOWN} - told
