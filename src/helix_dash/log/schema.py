"""The request log's one table of columns, and the record a producer fills.

Every other place derives from :data:`COLUMNS`: the wire form, the validation, the segment's types, the
mirror's widths, the API's names, the CSV header, the grid. Names and units: docs/api.md.

Inside, everything is an integer or a word: microseconds, tokens, 10⁻¹² dollars, millionths. Outside, times
are ISO 8601 UTC, durations milliseconds, money dollars.

This module is imported by the recorder inside a gateway, so it needs msgspec and nothing heavier.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec

from helix_dash.errors import InvalidRecord
from helix_dash.log.derivation import Derivation, Difference, Quotient, Sum, parts_of
from helix_dash.log.entry_key import entry_key
from helix_dash.model import CacheOutcome, Status, us_from_utc

Kind = Literal["time", "word", "text", "count", "money", "duration", "share", "flag", "rate"]
"""What a column holds, inside:

- ``time``: microseconds since the epoch, UTC
- ``word``: a text that repeats (model, user, key …): coded against a vocabulary
- ``text``: a text that does not repeat (ids)
- ``count``: a whole number ≥ 0
- ``money``: 10⁻¹² US dollars
- ``duration``: microseconds; shown in milliseconds
- ``share``: millionths; shown as 0–1
- ``flag``: true or false
- ``rate``: thousandths per second; shown per second; never stored
"""

PICO = 10**12
"""Units of money in one dollar."""

MAX_COUNT = 2**40
MAX_MONEY = 10**6 * PICO
MAX_DURATION = 7 * 24 * 3600 * 10**6
MAX_WORD = 200
MAX_TEXT = 200
EARLIEST = 1_262_304_000_000_000  # 2010-01-01: an older stamp is a unit mistake, not a request


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the log.

    Args:
        name: its name in the API, in CSV and in grids.
        kind: what it holds, see :data:`Kind`.
        title: its name for people.
        help: what it means and, where it matters, where it comes from.
        words: the only values a ``word`` column may hold; empty for free words.
        required: a record without it is rejected.
        derived: how it is made of other columns; then it is shown and queried, but never stored.
        stamped: filled by the fold, not by the producer; a filter of a page does not offer it.
        separator: what stands between the parts of a word that holds several; a condition asks for any one of
            them, or for the whole.
    """

    name: str
    kind: Kind
    title: str
    help: str
    words: tuple[str, ...] = ()
    required: bool = False
    derived: Derivation | None = None
    stamped: bool = False
    separator: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The stored columns it is made of: itself, unless it is derived."""
        return parts_of(self.derived or self.name)

    def choices(self, words: list[str]) -> list[str]:
        """What to offer of ``words``, in order: their parts, where they have any."""
        if not self.separator:
            return words
        return sorted({part for word in words for part in word.split(self.separator)})


def _words(values: type[Status] | type[CacheOutcome]) -> tuple[str, ...]:
    return tuple(value.value for value in values)


_INPUT = Sum(("uncached_tokens", "cached_tokens", "cache_write_tokens"))
_OUTPUT = Sum(("visible_tokens", "reasoning_tokens"))
_DECODING = Difference("latency_ms", "ttft_ms")

COLUMNS: tuple[Column, ...] = (
    Column("time", "time", "Time", "When the request ended, by the gateway's clock, UTC.", required=True),
    Column(
        "status",
        "word",
        "Status",
        "success, error, throttled (429), blocked (guardrail) or cancelled.",
        words=_words(Status),
        required=True,
    ),
    Column("http_code", "count", "HTTP code", "The status code the caller saw."),
    Column("error_class", "word", "Error class", "The class of the failure, as the gateway names it."),
    Column(
        "limiter",
        "word",
        "Limiter",
        "Who refused a 429: our rpm, tpm, budget or parallel limit, or the provider.",
    ),
    Column("model", "word", "Model", "The model that served, without its provider's prefix."),
    Column("model_requested", "word", "Requested model", "The model or alias the caller named."),
    Column("provider", "word", "Provider", "Who served the model."),
    Column(
        "endpoint",
        "word",
        "Endpoint",
        "The kind of call: chat, embeddings, completions, responses, moderations …",
    ),
    Column("call_type", "word", "Call type", "The gateway's own name of the call (LiteLLM: acompletion …)."),
    Column(
        "user",
        "word",
        "User",
        "The authenticated user, or, when there is none, the end user the caller named.",
    ),
    Column("end_user", "word", "End user", "The end user the caller named."),
    Column("team", "word", "Team", "The team of the key."),
    Column(
        "organization",
        "word",
        "Organization",
        "The organization of the key; without one a record belongs to default.",
        required=True,
    ),
    Column("key_alias", "word", "Key", "The alias of the API key; never the key."),
    Column(
        "tags",
        "word",
        "Tags",
        "Tags of the request, sorted, joined by ';'. A filter asks for one of them, or for all in this form.",
        separator=";",
    ),
    Column(
        "call_id",
        "text",
        "Call id",
        "The gateway's id of the call; with source it finds business duplicates.",
    ),
    Column("trace_id", "text", "Trace id", "The trace the call belongs to."),
    Column("session_id", "text", "Session id", "The conversation or session the call belongs to."),
    Column(
        "input_tokens",
        "count",
        "Input tokens",
        "Uncached input + cache read + cache write.",
        derived=_INPUT,
    ),
    Column("uncached_tokens", "count", "Uncached input", "Input tokens that no provider cache served."),
    Column("cached_tokens", "count", "Cached input", "Input tokens read from the provider's prompt cache."),
    Column(
        "cache_write_tokens", "count", "Cache write", "Input tokens written to the provider's prompt cache."
    ),
    Column(
        "output_tokens",
        "count",
        "Output tokens",
        "Visible output + reasoning.",
        derived=_OUTPUT,
    ),
    Column("visible_tokens", "count", "Visible output", "Output tokens the caller sees."),
    Column("reasoning_tokens", "count", "Reasoning", "Output tokens spent on reasoning."),
    Column(
        "total_tokens",
        "count",
        "Total tokens",
        "Input + output.",
        derived=Sum((*_INPUT.parts, *_OUTPUT.parts)),
    ),
    Column(
        "cost_usd",
        "money",
        "Cost (USD)",
        "What the request cost; unknown when no price is known. A cache hit costs 0.",
    ),
    Column(
        "priced",
        "flag",
        "Priced",
        "Whether a price was known. Success with tokens and no price is 'unpriced', not free.",
    ),
    Column("avoided_cost_usd", "money", "Avoided cost (USD)", "What a gateway-cache hit would have cost."),
    Column("latency_ms", "duration", "Latency (ms)", "From the request's start to its end at the gateway."),
    Column("ttft_ms", "duration", "TTFT (ms)", "Time to the first token; streams only."),
    Column(
        "tpot_ms",
        "duration",
        "TPOT (ms)",
        "Time per output token after the first: (latency − TTFT) ÷ (output tokens − 1). Unknown where one of them is, "
        "or all came at once.",
        derived=Quotient(_DECODING, Difference(_OUTPUT, 1)),
    ),
    Column(
        "tokens_per_second",
        "rate",
        "Output tokens/s",
        "Output tokens ÷ (latency − TTFT). Unknown where one of them is, or all came at once.",
        derived=Quotient(
            _OUTPUT, _DECODING, scale=10**9
        ),  # tokens a microsecond → thousandths of one a second
    ),
    Column("overhead_ms", "duration", "Overhead (ms)", "The gateway's own share of the latency."),
    Column("stream", "flag", "Stream", "Whether the answer was streamed."),
    Column("cache", "word", "Cache", "exact, semantic, miss or bypass.", words=_words(CacheOutcome)),
    Column("similarity", "share", "Similarity", "How close the semantic cache's best match was, 0–1."),
    Column("cache_owner", "word", "Cache owner", "The user or team that wrote the cache entry that was hit."),
    Column("cache_age_ms", "duration", "Cache age (ms)", "The age of the cache entry that was hit."),
    Column(
        "prompt_hash",
        "text",
        "Prompt hash",
        "Keyed hash of the normalised prompt or input; finds repeats without the text.",
    ),
    Column("finish_reason", "word", "Finish reason", "Why the answer ended (stop, length, tool_calls …)."),
    Column("guardrail", "word", "Guardrail", "not_run, success, intervened or failed."),
    Column(
        "pii",
        "word",
        "PII entities",
        "Entity types and counts a guardrail found, 'TYPE:n', joined by ';'; never the values.",
    ),
    Column("embedding_dimensions", "count", "Dimensions", "The length of the embedding vectors."),
    Column("batch_size", "count", "Batch size", "How many inputs an embedding request carried."),
    Column("limit_requests", "count", "Request limit", "The provider's x-ratelimit-limit-requests."),
    Column(
        "remaining_requests", "count", "Requests remaining", "The provider's x-ratelimit-remaining-requests."
    ),
    Column("limit_tokens", "count", "Token limit", "The provider's x-ratelimit-limit-tokens."),
    Column("remaining_tokens", "count", "Tokens remaining", "The provider's x-ratelimit-remaining-tokens."),
    Column("retries", "count", "Retries", "How often the gateway tried again."),
    Column("fallbacks", "count", "Fallbacks", "How many other deployments the gateway fell back to."),
    Column(
        "source", "word", "Source", "Which producer recorded it: litellm, simulated, import …", required=True
    ),
    Column(
        "guardrail_name",
        "word",
        "Guardrails run",
        "The guardrails that looked at the request, by the gateway's names, sorted, joined by ';'.",
    ),
    Column(
        "guardrail_mode",
        "word",
        "Guardrail mode",
        "When they looked: pre_call or during_call at the prompt, post_call at the response; joined by ';'.",
    ),
    Column("guardrail_ms", "duration", "Guardrail time (ms)", "How long the guardrails took together."),
    Column(
        "cache_key",
        "text",
        "Cache key",
        "The key of the gateway's cache entry that answered, or that the answer was kept under: 16 digits of it.",
    ),
    Column("ingested", "time", "Ingested", "When the store received it, by the store's clock.", stamped=True),
    Column(
        "skewed", "flag", "Skewed", "Its clock ran more than five minutes ahead of the store's.", stamped=True
    ),
    Column(
        "producer",
        "text",
        "Producer",
        "The process that recorded it: 64 random bits, in hexadecimal.",
        stamped=True,
    ),
    Column(
        "seq",
        "count",
        "Sequence",
        "Its number within that producer, from 1, without gaps unless records were dropped.",
        stamped=True,
    ),
    Column(
        "cost_source",
        "word",
        "Cost source",
        "Who set the price and when, where the cost was computed here afterwards; blank where the producer told it.",
        stamped=True,
    ),
    Column(
        "cost_rates",
        "word",
        "Cost rates",
        "The price behind such a cost: US dollars per million tokens by class, 'class dollars' joined by ';'.",
        stamped=True,
    ),
)

BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS}
STORED: tuple[Column, ...] = tuple(column for column in COLUMNS if not column.derived)
WIRE: tuple[Column, ...] = tuple(column for column in STORED if not column.stamped)
"""The columns a producer sends, in the order of the packed array. Only ever append before a new wire version."""

WIRE_VERSION = 1
FIRST_WIRE = next(place for place, column in enumerate(WIRE) if column.name == "source") + 1
"""How many columns the first producers of this version sent; what was appended since is unknown in their records."""

SHOWN: tuple[Column, ...] = COLUMNS


class RequestRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One request, as a producer knows it. What is not known stays ``None``; nothing is guessed.

    Durations are float milliseconds, money is :class:`~decimal.Decimal` dollars, times are aware datetimes.
    The fields are the columns of :data:`WIRE`; their meaning is told there.
    """

    time: datetime
    status: Status
    source: str
    organization: str = "default"
    http_code: int | None = None
    error_class: str | None = None
    limiter: str | None = None
    model: str | None = None
    model_requested: str | None = None
    provider: str | None = None
    endpoint: str | None = None
    call_type: str | None = None
    user: str | None = None
    end_user: str | None = None
    team: str | None = None
    key_alias: str | None = None
    tags: tuple[str, ...] = ()
    call_id: str | None = None
    trace_id: str | None = None
    session_id: str | None = None
    uncached_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    visible_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: Decimal | None = None
    priced: bool | None = None
    avoided_cost_usd: Decimal | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    overhead_ms: float | None = None
    stream: bool | None = None
    cache: CacheOutcome | None = None
    similarity: float | None = None
    cache_owner: str | None = None
    cache_age_ms: float | None = None
    prompt_hash: str | None = None
    finish_reason: str | None = None
    guardrail: str | None = None
    pii: dict[str, int] = {}
    embedding_dimensions: int | None = None
    batch_size: int | None = None
    limit_requests: int | None = None
    remaining_requests: int | None = None
    limit_tokens: int | None = None
    remaining_tokens: int | None = None
    retries: int | None = None
    fallbacks: int | None = None
    guardrail_name: str | None = None
    guardrail_mode: str | None = None
    guardrail_ms: float | None = None
    cache_key: str | None = None


Wire = list[Any]
"""A record as packed: one value per column of :data:`WIRE`, integers and words, ``None`` where unknown."""


def to_wire(record: RequestRecord) -> Wire:
    """``record`` in the packed form, checked.

    Raises:
        InvalidRecord: a value is missing, of the wrong type, not finite, negative, or out of bounds.
    """
    return check_wire([_inward(column, getattr(record, column.name)) for column in WIRE])


def _inward(column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.name == "tags":
        return ";".join(sorted({tag.replace(";", ",") for tag in value if tag}))[:MAX_WORD] or None
    if column.name == "pii":
        return ";".join(f"{entity}:{count}" for entity, count in sorted(value.items()))[:MAX_WORD] or None
    if column.name == "cache_key":
        return entry_key(str(value)) if value else None
    try:
        match column.kind:
            case "time":
                return us_from_utc(value)
            case "money":
                return int((Decimal(str(value)) * PICO).to_integral_value())
            case "duration":
                return round(_finite(value) * 1000)
            case "share":
                return round(_finite(value) * 1_000_000)
            case "word" | "text":
                return str(value) or None
            case _:
                return value
    except (TypeError, ValueError, AttributeError, OverflowError, InvalidOperation) as error:
        raise InvalidRecord(column.name, "wrong_type") from error


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        raise ValueError("not a finite number")
    return float(value)


def check_wire(row: Any) -> Wire:
    """``row`` itself, when every value is one its column may hold.

    The recorder checks what it sends and the fold checks what it reads: a store is open to other writers.

    Raises:
        InvalidRecord: with the first column at fault and the reason.
    """
    if not isinstance(row, list) or len(row) != len(WIRE):
        raise InvalidRecord("record", "wrong_shape")
    for column, value in zip(WIRE, row, strict=True):
        if value is None:
            if column.required:
                raise InvalidRecord(column.name, "missing")
            continue
        reason = _fault(column, value)
        if reason:
            raise InvalidRecord(column.name, reason)
    return row


LIMITS: dict[str, int] = {
    "count": MAX_COUNT,
    "money": MAX_MONEY,
    "duration": MAX_DURATION,
    "share": 1_000_000,
    "time": 2**62,
}
"""The largest value of each numeric kind, inside."""


def _fault(column: Column, value: Any) -> str:
    if column.kind == "flag":
        return "" if isinstance(value, bool) else "wrong_type"
    if column.kind in ("word", "text"):
        if not isinstance(value, str):
            return "wrong_type"
        if len(value) > MAX_WORD:
            return "too_long"
        if not value.isprintable():
            return "control_character"
        return "unknown_word" if column.words and value not in column.words else ""
    if isinstance(value, bool) or not isinstance(value, int):
        return "wrong_type"
    if column.kind == "time" and value < EARLIEST:
        return "too_early"
    if value < 0:
        return "negative"
    return "too_large" if value > LIMITS[column.kind] else ""
