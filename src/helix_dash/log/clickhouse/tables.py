"""The tables in ClickHouse, made from the one table of columns.

Rows are held as they are in a segment: microseconds, 10⁻¹² dollars, words. A segment's rows are in the table
under a *load*, a random number per attempt to insert them; which loads count is told by the newest note alone.
"""

from __future__ import annotations

import pyarrow as pa

from helix_dash.log.clickhouse.database import Database
from helix_dash.log.schema import STORED, Column

ROWS = "helixdash_rows"
WORDS = "helixdash_words"
CUBES = "helixdash_cubes"
NOTES = "helixdash_notes"

_TYPES: dict[str, str] = {
    "time": "Int64",
    "money": "Int64",
    "duration": "Int64",
    "count": "Int64",
    "share": "Int32",
    "flag": "Bool",
    "word": "LowCardinality(String)",
    "text": "String",
}
_ALWAYS = ("time", "producer", "seq")
"""The columns of the row's key: never unknown."""


def create(database: Database) -> None:
    """Make the tables that are not there yet.

    The order of the rows is that of a segment: a load's rows lie together and in time, so a period of a load
    is found like a slice of a mirror file.
    """
    columns = ",\n".join(f"`{column.name}` {column_type(column)}" for column in STORED)
    database.do(
        f"CREATE TABLE IF NOT EXISTS {ROWS} (\nload UInt64,\n{columns}\n) "
        "ENGINE = MergeTree ORDER BY (load, time, producer, seq)"
    )
    # a table of an earlier version has fewer columns
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS `{one.name}` {column_type(one)}" for one in STORED)
    database.do(f"ALTER TABLE {ROWS} {added}")
    database.do(
        f"CREATE TABLE IF NOT EXISTS {WORDS} (`column` LowCardinality(String), word String, folded String, "
        "added Int64) ENGINE = ReplacingMergeTree ORDER BY (`column`, word)"
    )
    database.do(
        f"CREATE TABLE IF NOT EXISTS {CUBES} (segment String, cube String) "
        "ENGINE = ReplacingMergeTree ORDER BY segment"
    )
    database.do(
        f"CREATE TABLE IF NOT EXISTS {NOTES} (taken Int64, writer String, note String CODEC(ZSTD(3))) "
        "ENGINE = ReplacingMergeTree(taken) ORDER BY tuple()"
    )


def column_type(column: Column) -> str:
    """The ClickHouse type of a stored column."""
    if column.name == "producer":
        return "LowCardinality(String)"  # few, and each repeats for a long time
    if column.name in _ALWAYS:
        return _TYPES[column.kind]
    if column.kind == "word":
        return "LowCardinality(Nullable(String))"
    return f"Nullable({_TYPES[column.kind]})"


def loadable(rows: pa.Table, load: int) -> pa.Table:
    """The ``rows`` of a segment as they are inserted under ``load``."""
    return rows.add_column(0, "load", pa.array([load] * rows.num_rows, pa.uint64()))
