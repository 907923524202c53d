"""One request in full: every column of the schema table, grouped; unknown is ``—``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from dash import html
from dash.development.base_component import Component

from helix_dash.log.schema import BY_NAME, SHOWN, Column
from helix_dash.ui import format as fmt
from helix_dash.ui import icon

TONES = {"success": "good", "error": "bad", "throttled": "warn", "blocked": "info"}

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Outcome", ("time", "status", "http_code", "error_class", "limiter", "finish_reason", "retries", "fallbacks")),
    ("Model", ("model", "model_requested", "provider", "endpoint", "call_type", "stream")),
    ("Who", ("user", "end_user", "team", "organization", "key_alias", "tags")),
    ("Tokens", ("input_tokens", "uncached_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "visible_tokens", "reasoning_tokens", "total_tokens")),
    ("Cost", ("cost_usd", "priced", "avoided_cost_usd")),
    ("Timing", ("latency_ms", "ttft_ms", "overhead_ms")),
    ("Gateway cache", ("cache", "similarity", "cache_owner", "cache_age_ms", "prompt_hash")),
    ("Guardrail", ("guardrail", "pii")),
    ("Embedding", ("embedding_dimensions", "batch_size")),
    ("Provider limits", ("limit_requests", "remaining_requests", "limit_tokens", "remaining_tokens")),
    ("Ids", ("call_id", "trace_id", "session_id")),
    ("Record", ("source", "ingested", "skewed", "producer", "seq")),
)  # fmt: skip
COPYABLE = {"call_id", "trace_id", "session_id", "prompt_hash", "producer"}
HEADLINE = ("cost_usd", "latency_ms", "ttft_ms", "total_tokens")


def details(row: Mapping[str, Any], zone: tzinfo, zone_name: str) -> Component:
    """The drawer's contents for one row as shown."""
    status = row.get("status")
    facts = [
        html.Div(
            [
                html.Div(BY_NAME[name].title.split(" (")[0], className="hx-fact__label"),
                html.Div(_short(BY_NAME[name], row.get(name)), className="hx-fact__value"),
            ]
        )
        for name in HEADLINE
    ]
    return html.Div(
        className="hx-details",
        children=[
            html.P(
                [
                    html.Span(str(status or fmt.UNKNOWN), className="hx-tag", **{"data-tone": TONES.get(str(status), "none")}),
                    f" {row.get('model') or 'Unknown model'} · {_moment(row.get('time'), zone, zone_name)}",
                ],
                style={"paddingBottom": "16px"},
            ),
            html.Div(facts, className="hx-facts"),
            *(_group(title, names, row, zone, zone_name) for title, names in GROUPS),
        ],
    )  # fmt: skip


def gone() -> Component:
    """What the drawer says when the request of its address is not there."""
    return html.P(
        "This request is not in the log: it has expired, or it is not yours to see.", className="hx-muted"
    )


def _group(
    title: str, names: tuple[str, ...], row: Mapping[str, Any], zone: tzinfo, zone_name: str
) -> Component:
    lines: list[Component] = []
    for name in names:
        column, value = BY_NAME[name], row.get(name)
        words: list[Any] = [_words(column, value, zone, zone_name)]
        if name in COPYABLE and value:
            copy = html.Button(icon("copy"), className="hx-copy", type="button", **{"data-copy": str(value), "aria-label": f"Copy {column.title}"})  # fmt: skip
            words.append(copy)
        lines += [
            html.Dt(column.title.split(" (")[0], title=column.help),
            html.Dd(words, className="hx-unknown" if value is None else "", **{"data-field": name}),
        ]
    return html.Section([html.H3(title), html.Dl(lines)])


def _words(column: Column, value: Any, zone: tzinfo, zone_name: str) -> str:
    if value is None:
        return fmt.UNKNOWN
    match column.kind:
        case "time":
            return _moment(value, zone, zone_name)
        case "money":
            return fmt.full(value, "usd")
        case "duration":
            return fmt.full(value, "ms")
        case "flag":
            return "yes" if value else "no"
        case "count" | "share":
            return fmt.full(value, "count")
        case _:
            return str(value)


def _short(column: Column, value: Any) -> str:
    return fmt.short(value, {"money": "usd", "duration": "ms"}.get(column.kind, "count"))


def _moment(value: Any, zone: tzinfo, zone_name: str) -> str:
    if not value:
        return fmt.UNKNOWN
    instant = datetime.fromisoformat(str(value)).astimezone(zone)
    return f"{instant:%-d %b %Y, %H:%M:%S}.{instant.microsecond // 1000:03d} {zone_name}"


def missing() -> set[str]:
    """Columns that no group shows; a test holds this empty."""
    return {column.name for column in SHOWN} - {name for _, names in GROUPS for name in names}
