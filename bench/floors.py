"""The least that any answer can cost on this machine: one round trip to the store, one look at one column."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from helix_dash.store import connect


class Floors:
    """Floors of a log of ``rows`` requests in the store at ``url``."""

    def __init__(self, url: str, rows: int) -> None:
        self._client = connect(url)
        self._column = pl.Series(np.random.default_rng(1).random(rows, dtype=np.float32))

    def ask(self, question: str) -> Any:
        """``round_trip``: a PING and its answer. ``scan``: the sum of one 32-bit column."""
        return self._client.ping() if question == "round_trip" else self._column.sum()

    def digest(self, question: str, answer: Any) -> None:
        """Floors answer nothing."""
