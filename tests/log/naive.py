"""The log's rules once more, in the plainest Python: what the engine is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from fractions import Fraction
from math import floor
from typing import Any

from helix_dash.log.schema import BY_NAME
from helix_dash.model import Condition, Filter, Scope, Slice, Sort, us_from_utc

Row = dict[str, Any]
UNITS = {"count": 1, "money": 10**12, "duration": 1000, "share": 10**6, "rate": 1000}
AHEAD = 5 * 60 * 10**6
KEPT = 400 * 24 * 3600 * 10**6


INPUT = ("uncached_tokens", "cached_tokens", "cache_write_tokens")
OUTPUT = ("visible_tokens", "reasoning_tokens")
SUMS = {"input_tokens": INPUT, "output_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT}
MOST_DIVIDED = 2**32


def value(row: Row, name: str) -> Any:
    if name in SUMS:
        known = [row[part] for part in SUMS[name] if row[part] is not None]
        return sum(known) if known else None
    if name not in ("tpot_ms", "tokens_per_second"):
        return row[name]
    tokens = value(row, "output_tokens")
    if tokens is None or row["latency_ms"] is None or row["ttft_ms"] is None:
        return None
    decoding = row["latency_ms"] - row["ttft_ms"]
    if name == "tpot_ms":
        return rounded(decoding, tokens - 1)
    return rounded(tokens, decoding, 10**9)


def rounded(over: int, under: int, scale: int = 1) -> int | None:
    """The quotient to the nearest whole number, half upwards, where both are positive and there is room for it."""
    if under <= 0 or not 0 < over <= MOST_DIVIDED:
        return None
    return floor(Fraction(over * scale, under) + Fraction(1, 2))


def matching(rows: Sequence[Row], scope: Scope, where: Filter, now: int, zone: tzinfo) -> list[Row]:
    start = max(us_from_utc(where.period.start), now - KEPT)
    end = min(us_from_utc(where.period.end), now + AHEAD)
    return [
        row
        for row in rows
        if start <= row["time"] < end
        and not (row["skewed"] and row["time"] >= now)
        and scope.organization in (None, row["organization"])
        and all(holds(row, condition, zone) for condition in where.conditions)
    ]


def holds(row: Row, condition: Condition, zone: tzinfo) -> bool:
    found, op, values = value(row, condition.column), condition.op, condition.values
    kind = BY_NAME[condition.column].kind
    if op in ("blank", "not_blank"):
        return (found is None) == (op == "blank")
    if op in ("not_in", "not_contains"):
        opposite = "in" if op == "not_in" else "contains"
        return not holds(row, Condition(condition.column, opposite, values), zone)  # type: ignore[arg-type]
    if found is None:
        return False
    if kind in ("word", "text"):
        if op == "in":
            tags = found.split(";") if condition.column == "tags" else []
            return found in values or any(tag in values for tag in tags)
        part, text = values[0].casefold(), found.casefold()
        return {"contains": part in text, "starts": text.startswith(part), "ends": text.endswith(part)}[op]
    if kind == "flag":
        return str(found).lower() in [text.lower() for text in values]
    bounds = [inner(kind, text, zone) for text in values]
    match op:
        case "in":
            return found in bounds
        case "lt":
            return found < bounds[0]
        case "lte":
            return found <= bounds[0]
        case "gt":
            return found > bounds[0]
        case "gte":
            return found >= bounds[0]
        case _:
            return bounds[0] <= found <= bounds[1]


def inner(kind: str, text: str, zone: tzinfo) -> Fraction:
    if kind == "time":
        instant = datetime.fromisoformat(text)
        return Fraction(us_from_utc(instant if instant.tzinfo else instant.replace(tzinfo=zone)))
    return Fraction(text) * UNITS[kind]


def ordered(rows: Sequence[Row], sort: Sort) -> list[Row]:
    def tie(row: Row) -> tuple[Any, ...]:
        return row["time"], row["producer"], row["seq"]

    if sort.column == "time":
        return sorted(rows, key=tie, reverse=sort.descending)
    # sorted() keeps the order of equals, also when reversed: which is by time.
    rows = sorted(rows, key=tie)
    known = [row for row in rows if value(row, sort.column) is not None]
    known.sort(key=lambda row: value(row, sort.column), reverse=sort.descending)
    return known + [row for row in rows if value(row, sort.column) is None]


def page(rows: Sequence[Row], sort: Sort, part: Slice) -> list[str]:
    cut = ordered(rows, sort)[part.offset : part.offset + part.limit]
    return [f"{row['producer']}-{row['seq']}" for row in cut]


def nearest_rank(values: Sequence[int], percent: int) -> float | None:
    if not values:
        return None
    rank = -(-percent * len(values) // 100)
    return sorted(values)[rank - 1] / 1000


def measure(rows: Sequence[Row], name: str) -> Any:
    """The measure over rows; ratios and percentiles of none are ``None``, sums of none are 0."""
    ok = [row for row in rows if row["status"] == "success"]
    if "_p" in name and name.rsplit("_p", 1)[1].isdigit():
        column, percent = name.rsplit("_p", 1)
        timed = [row for row in ok if row[column] is not None]
        if column == "ttft_ms":
            timed = [row for row in timed if row["stream"] is not False]
        return nearest_rank([row[column] for row in timed], int(percent))
    return _SUMS[name](rows, ok)


def total(rows: Sequence[Row], column: str) -> int:
    return sum(value(row, column) or 0 for row in rows)


def count(rows: Sequence[Row], column: str, *words: str) -> int:
    return sum(row[column] in words for row in rows)


def ratio(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _is_priced(row: Row) -> bool:
    return row["cost_usd"] is not None and row["priced"] is not False


def _unpriced(ok: Sequence[Row]) -> int:
    return sum(not _is_priced(row) and (value(row, "total_tokens") or 0) > 0 for row in ok)


def _cost(rows: Sequence[Row], ok: Sequence[Row]) -> float | None:
    priced = [row for row in rows if _is_priced(row)]
    if not priced and _unpriced(ok):
        return None
    return total(priced, "cost_usd") / 10**12


def _speed(ok: Sequence[Row]) -> float | None:
    timed = [row for row in ok if row["latency_ms"] is not None]
    micros = sum(row["latency_ms"] - (row["ttft_ms"] or 0) for row in timed)
    tokens = total(timed, "output_tokens")
    return ratio(tokens * 10**6, micros) if tokens else None


_SUMS: dict[str, Any] = {
    "requests": lambda rows, ok: len(rows),
    "success": lambda rows, ok: len(ok),
    "errors": lambda rows, ok: count(rows, "status", "error", "throttled", "blocked"),
    "success_rate": lambda rows, ok: ratio(len(ok), len(rows) - count(rows, "status", "cancelled")),
    "input_tokens": lambda rows, ok: total(rows, "input_tokens"),
    "reasoning_tokens": lambda rows, ok: total(rows, "reasoning_tokens"),
    "total_tokens": lambda rows, ok: total(rows, "total_tokens"),
    "cost_usd": _cost,
    "avoided_cost_usd": lambda rows, ok: total(rows, "avoided_cost_usd") / 10**12,
    "unpriced_requests": lambda rows, ok: _unpriced(ok),
    "cache_hits_exact": lambda rows, ok: count(rows, "cache", "exact"),
    "cache_bypass": lambda rows, ok: count(rows, "cache", "bypass"),
    "cache_hit_rate": lambda rows, ok: ratio(
        count(rows, "cache", "exact", "semantic"), count(rows, "cache", "exact", "semantic", "miss")
    ),
    "simulated_requests": lambda rows, ok: count(rows, "source", "simulated"),
    "output_tokens_per_second": lambda rows, ok: _speed(ok),
}
MEASURES = (*_SUMS, "latency_ms_p50", "latency_ms_p95", "latency_ms_p99", "ttft_ms_p50", "ttft_ms_p95")
