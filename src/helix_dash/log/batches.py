"""All matching rows in order of time, a bounded number at a time: what exports are written from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from helix_dash.log.scan import Run, Scan, frames, in_words
from helix_dash.log.segment import ROW_KEY
from helix_dash.log.vocabulary import Vocabulary

ROWS = 50_000
"""Rows looked at for one frame; more only when so many share one microsecond."""


def batches(found: Scan, columns: Iterable[str], vocabulary: Vocabulary) -> Iterator[pl.DataFrame]:
    """Frames of stored ``columns``, words as words, of the rows that match; none of them empty."""
    wanted = list(columns)
    reads = sorted({*wanted, *ROW_KEY})
    for window in _windows(found):
        parts = list(frames(window, reads))
        if parts:
            # The rows of one segment are in order already.
            whole = parts[0] if len(parts) == 1 else pl.concat(parts).sort(ROW_KEY)
            yield in_words(whole.select(wanted), vocabulary)


def _windows(found: Scan) -> Iterator[Scan]:
    """``found`` cut at instants, in order of time."""
    if not found.rows:
        return
    step = max(1, ROWS // max(1, 4 * len(found.runs)))
    samples = np.sort(np.concatenate([run.mapped.times[run.start : run.stop : step] for run in found.runs]))
    cuts = np.unique(samples[:: max(1, ROWS // step)])[1:]
    lows = [run.start for run in found.runs]
    for cut in [*cuts.tolist(), None]:
        runs: list[Run] = []
        for index, run in enumerate(found.runs):
            high = (
                run.stop
                if cut is None
                else int(np.searchsorted(run.mapped.times[: run.stop], cut, side="left"))
            )
            high = max(high, lows[index])
            if high > lows[index]:
                runs.append(Run(run.mapped, lows[index], high))
                lows[index] = high
        if runs:
            yield replace(found, runs=tuple(runs))
