"""A segment's cube: what remains of its rows when nobody asks for a single one.

Per quarter of an hour of ``time`` (some zones sit on quarter hours) and the six :data:`DIMENSIONS`: counts and
exact sums. Beside it, per quarter and model, log histograms of latency and TTFT of successful requests.
When rows expire, their cube also gets the totals per UTC day and user (and what :data:`DAILY` names), so that the
top users of long ago are known. Cubes are only ever added up, so late data never overwrites anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from helix_dash.log.packing import pack, unpack
from helix_dash.log.segment import WORD

QUARTER = 15 * 60 * 10**6
"""Microseconds of one cell of time."""

DIMENSIONS = ("organization", "model", "endpoint", "status", "cache", "source")
DAILY = ("organization", "user", "status", "cache", "source")
"""What the totals per day tell apart."""

DAY = 96 * QUARTER
MAX_VALUES = 255
"""Distinct values of a dimension that one cube tells apart; the rarest others are folded into :data:`OTHER`."""

OTHER = "\x1fother"
"""The value that holds what did not fit. No recorded word can equal it: they hold no control characters."""

COUNTS = ("requests", "priced", "unpriced", "timed", "streamed")
"""Requests; with a known price; successes with tokens and none; successes with a latency; with a TTFT."""

SUMS = (
    "uncached_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "visible_tokens",
    "reasoning_tokens",
    "latency_ms",
    "ttft_ms",
    "generated_tokens",
    "generation_ms",
)
"""64-bit sums: tokens, and microseconds for the durations (named as their columns). ``latency_ms`` and
``ttft_ms`` are over successes; ``generated_tokens`` and ``generation_ms`` are the output tokens, and latency
less TTFT, of the successes of known latency."""

MONEY = ("cost_usd", "avoided_cost_usd")
"""Sums of 10⁻¹² dollars in 128 bits; ``cost_usd`` over the priced requests only."""

_FIGURES = [(name, pa.int64()) for name in COUNTS + SUMS] + [(name, pa.decimal128(38, 0)) for name in MONEY]
CELL_SCHEMA = pa.schema([("quarter", pa.int64())] + [(name, WORD) for name in DIMENSIONS] + _FIGURES)
DAY_SCHEMA = pa.schema([("quarter", pa.int64())] + [(name, WORD) for name in DAILY] + _FIGURES)
HISTOGRAM_SCHEMA = pa.schema(
    [
        ("quarter", pa.int64()),
        ("model", WORD),
        ("measure", WORD),
        ("bucket", pa.uint8()),
        ("n", pa.int64()),
    ]
)

BUCKETS = 256
SHORTEST = 1_000
LONGEST = 600_000_000
_WIDTH = float(np.log(LONGEST / SHORTEST)) / BUCKETS


@dataclass(frozen=True, slots=True)
class Cube:
    """Cells, histograms, and how many values of a dimension were folded into :data:`OTHER`.

    Args:
        cells: :data:`CELL_SCHEMA`; ``quarter`` is the first microsecond of the quarter; an unknown word is null.
        days: :data:`DAY_SCHEMA`, where ``quarter`` is the first one of the day; empty unless the rows have expired.
        histograms: :data:`HISTOGRAM_SCHEMA`; ``measure`` is ``latency_ms`` or ``ttft_ms``; empty buckets left out.
        folded: dimension → number of values within OTHER, at most (merged cubes may share some).
    """

    cells: pa.Table
    days: pa.Table
    histograms: pa.Table
    folded: dict[str, int]


def bucket_of(microseconds: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The histogram bucket of each duration: 256 of equal ratio from 1 ms to 600 s, the outer two open."""
    scaled: npt.NDArray[np.float64] = np.log(np.maximum(microseconds, SHORTEST) / SHORTEST) / _WIDTH
    return np.minimum(scaled, BUCKETS - 1).astype(np.uint8)


def bucket_value(bucket: int) -> int:
    """The duration in microseconds that stands for a bucket: its geometric middle, at most 2.63 % off."""
    return round(SHORTEST * float(np.exp((bucket + 0.5) * _WIDTH)))


def cube_of(rows: pa.Table, *, daily: bool = False) -> Cube:
    """The cube of ``rows`` (:data:`~helix_dash.log.segment.ROW_SCHEMA`, one chunk per column).

    Args:
        daily: with the totals per day, for rows that are about to expire.
    """
    quarter = pc.multiply(pc.divide(rows["time"], QUARTER), QUARTER)
    success = pc.equal(rows["status"].cast(pa.string()), "success")
    timed = pc.and_(success, pc.is_valid(rows["latency_ms"]))
    streamed = pc.and_(success, pc.is_valid(rows["ttft_ms"]))
    priced = pc.and_(pc.is_valid(rows["cost_usd"]), pc.fill_null(rows["priced"], True))
    zero = {name: pc.fill_null(rows[name], 0) for name in SUMS[:7] + MONEY}
    output = pc.add(zero["visible_tokens"], zero["reasoning_tokens"])
    tokens = pc.add(output, pc.add(zero["uncached_tokens"], zero["cached_tokens"]))
    tokens = pc.add(tokens, zero["cache_write_tokens"])
    unpriced = pc.and_(pc.and_not(success, priced), pc.greater(tokens, 0))
    figures = {
        **zero,
        "requests": pa.array(np.ones(rows.num_rows, np.int64)),
        "priced": priced.cast(pa.int64()),
        "unpriced": unpriced.cast(pa.int64()),
        "timed": timed.cast(pa.int64()),
        "streamed": streamed.cast(pa.int64()),
        "latency_ms": pc.if_else(timed, zero["latency_ms"], 0),
        "ttft_ms": pc.if_else(streamed, zero["ttft_ms"], 0),
        "generated_tokens": pc.if_else(timed, output, 0),
        "generation_ms": pc.if_else(timed, pc.subtract(zero["latency_ms"], zero["ttft_ms"]), 0),
        "cost_usd": pc.if_else(priced, zero["cost_usd"], 0).cast(pa.decimal128(38, 0)),
        "avoided_cost_usd": zero["avoided_cost_usd"].cast(pa.decimal128(38, 0)),
    }
    cells = pa.table({"quarter": quarter, **{name: rows[name] for name in DIMENSIONS}, **figures})
    day = pc.multiply(pc.divide(rows["time"], DAY), DAY)
    days = pa.table({"quarter": day, **{name: rows[name] for name in DAILY}, **figures})
    marks = [
        _marks(quarter, rows, measure, mask)
        for measure, mask in (("latency_ms", timed), ("ttft_ms", streamed))
    ]
    return _summed(cells, days if daily else days.slice(0, 0), pa.concat_tables(marks), {})


def merge_cubes(cubes: Sequence[Cube]) -> Cube:
    """The sum of ``cubes``: the cube of all their rows together."""
    folded: dict[str, int] = {}
    for cube in cubes:
        for name, count in cube.folded.items():
            folded[name] = folded.get(name, 0) + count
    cells, days, marks = (
        pa.concat_tables([getattr(cube, part) for cube in cubes]) for part in ("cells", "days", "histograms")
    )
    return _summed(cells, days, marks, folded)


def encode_cube(cube: Cube) -> bytes:
    """``cube`` as one blob: three packed tables, the folded counts noted beside the first."""
    note = msgspec.json.encode(cube.folded).decode()
    return pack(cube.cells, cube.days, cube.histograms, notes=(note, "", ""))


def decode_cube(blob: bytes) -> Cube:
    """The cube that :func:`encode_cube` wrote.

    Raises:
        UnknownFormat: another version of this program wrote it.
        ValueError: the blob is damaged.
    """
    tables = unpack(blob, CELL_SCHEMA, DAY_SCHEMA, HISTOGRAM_SCHEMA)
    (cells, folded), (days, _), (histograms, _) = tables
    return Cube(cells, days, histograms, msgspec.json.decode(folded, type=dict[str, int]))


def _marks(quarter: pa.ChunkedArray, rows: pa.Table, measure: str, mask: pa.ChunkedArray) -> pa.Table:
    """One histogram row per successful request; they are added up later."""
    part = pa.table({"quarter": quarter, "model": rows["model"], "us": rows[measure]}).filter(mask)
    count = part.num_rows
    named = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([measure]))
    buckets = pa.array(bucket_of(part["us"].to_numpy()))
    ones = pa.array(np.ones(count, np.int64))
    columns = [part["quarter"], part["model"], named, buckets, ones]
    return pa.table(columns, schema=HISTOGRAM_SCHEMA)


def _summed(cells: pa.Table, days: pa.Table, marks: pa.Table, folded: dict[str, int]) -> Cube:
    tables = {
        part: table.unify_dictionaries().combine_chunks()
        for part, table in (("cells", cells), ("days", days), ("marks", marks))
    }
    folded = dict(folded)
    for name in (*DIMENSIONS, "user"):
        told = tables["days" if name == "user" else "cells"]
        kept = _frequent(told, name)
        if kept is None:
            continue
        words = set(pc.unique(told[name].drop_null()).to_pylist())
        folded[name] = folded.get(name, 0) + len(words - kept)
        for part, table in tables.items():
            if name in table.column_names:
                tables[part] = _folded(table, name, kept)
    figures = [name for name, _ in _FIGURES]
    return Cube(
        _grouped(tables["cells"], ["quarter", *DIMENSIONS], figures, CELL_SCHEMA),
        _grouped(tables["days"], ["quarter", *DAILY], figures, DAY_SCHEMA),
        _grouped(tables["marks"], ["quarter", "model", "measure", "bucket"], ["n"], HISTOGRAM_SCHEMA),
        folded,
    )


def _grouped(table: pa.Table, keys: list[str], figures: list[str], schema: pa.Schema) -> pa.Table:
    sums = table.group_by(keys, use_threads=False).aggregate([(name, "sum") for name in figures])
    named = sums.rename_columns([name.removesuffix("_sum") for name in sums.column_names])
    return named.select(schema.names).cast(schema)


def _frequent(cells: pa.Table, name: str) -> set[str] | None:
    """The words of dimension ``name`` to keep, when there are more than a cube tells apart."""
    if len(pc.unique(cells[name].drop_null())) <= MAX_VALUES:
        return None
    totals = cells.group_by(name, use_threads=False).aggregate([("requests", "sum")]).to_pylist()
    ranked = sorted(totals, key=lambda row: (-row["requests_sum"], row[name] or ""))
    return set([row[name] for row in ranked if row[name] not in (None, OTHER)][: MAX_VALUES - 1]) | {OTHER}


def _folded(table: pa.Table, name: str, kept: set[str]) -> pa.Table:
    words = table[name].cast(pa.string())
    keep = pc.or_(pc.is_in(words, pa.array(sorted(kept))), pc.is_null(words))
    index = table.column_names.index(name)
    return table.set_column(index, name, pc.if_else(keep, words, OTHER).dictionary_encode())
