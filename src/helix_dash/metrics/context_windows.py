"""How full context windows were: input and output tokens of a request as a share of what its model can take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from helix_dash import money
from helix_dash.log.query import RequestLog
from helix_dash.metrics.distributions import VALUES
from helix_dash.model import Filter, Scope

EDGES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Where the stretches of the shares begin; the last one holds requests beyond the window."""


@dataclass(frozen=True, slots=True)
class WindowUse:
    """Requests by the share of their model's context window.

    Args:
        counts: requests by stretch of :data:`EDGES`.
        windows: model → tokens, of the models in view whose window is known.
        unknown: models in view whose window nobody told, those with most requests first.
        outside: requests of those models.
        fullest: the largest share of all, and its model; ``None`` without a request of a known model.
    """

    counts: tuple[int, ...]
    windows: Mapping[str, int]
    unknown: tuple[str | None, ...]
    outside: int
    fullest: tuple[float, str] | None


def windows_of(models: Iterable[str | None], told: Mapping[str, int]) -> dict[str, int]:
    """Model → tokens, as the price table says, else as a server ``told``; unknown models are absent.

    The table goes first: a FakeAI server says 8,192 of whatever it does not know.
    """
    found: dict[str, int] = {}
    for model in models:
        tokens = None if model is None else money.context_window(model) or told.get(model)
        if model is not None and tokens:
            found[model] = tokens
    return found


def window_use(log: RequestLog, scope: Scope, where: Filter, told: Mapping[str, int]) -> WindowUse:
    """How full the windows of the successful requests that match ``where`` were, exact, from single requests.

    Args:
        told: model → tokens, as a server told, for models that the price table does not know.
    """

    def compute() -> WindowUse:
        counts = np.zeros(len(EDGES), np.int64)
        rest: dict[str | None, int] = {}
        windows: dict[str, int] = {}
        fullest: tuple[float, str] | None = None
        for frame in log.frames(scope, where, ["model", "status", "total_tokens"]):
            answered = frame.filter(pl.col("status") == "success")
            sized = answered.select("model", VALUES["total_tokens"].number.alias("tokens")).drop_nulls(
                "tokens"
            )
            for (name,), part in sized.group_by("model"):
                model = None if name is None else str(name)
                windows |= {} if model in windows else windows_of([model], told)
                if model is None or model not in windows:
                    rest[model] = rest.get(model, 0) + part.height
                    continue
                shares = part["tokens"].to_numpy() / windows[model]
                counts += np.bincount(np.searchsorted(EDGES, shares, side="right") - 1, minlength=len(EDGES))
                most = (float(shares.max()), model)
                fullest = most if fullest is None else max(fullest, most)
        unknown = sorted(rest, key=lambda model: (-rest[model], model or ""))
        return WindowUse(tuple(counts.tolist()), windows, tuple(unknown), sum(rest.values()), fullest)

    return log.kept(("window_use", scope, where, tuple(sorted(told.items()))), compute)


def stretches(edges: Sequence[float] = EDGES) -> list[str]:
    """The stretches in words: ``0–1%`` … ``100% and more``."""
    percents = [f"{edge * 100:g}" for edge in edges]
    return [f"{low}–{high}%" for low, high in pairwise(percents)] + [f"{percents[-1]}% and more"]
