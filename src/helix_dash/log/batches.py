"""All matching rows in order of time, a bounded number at a time: what exports are written from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from helix_dash.log.scan import Run, Scan, in_words
from helix_dash.log.segment import ROW_KEY
from helix_dash.log.vocabulary import Vocabulary

ROWS = 50_000
"""Rows looked at for one frame; more only when so many share one microsecond."""


def batches(
    found: Scan, test: pl.Expr | None, tested: Iterable[str], columns: Iterable[str], vocabulary: Vocabulary
) -> Iterator[pl.DataFrame]:
    """Frames of stored ``columns``, words as words, of the rows that meet ``test``; none of them empty."""
    wanted = list(columns)
    reads = sorted({*wanted, *ROW_KEY, *(tested if test is not None else ())})
    for window in _windows(found):
        frame = window.frame(reads)
        if test is not None:
            frame = frame.filter(test)
        if frame.height:
            yield in_words(frame.sort(ROW_KEY).select(wanted), vocabulary)


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
        offset = 0
        for index, run in enumerate(found.runs):
            high = (
                run.stop
                if cut is None
                else int(np.searchsorted(run.mapped.times[: run.stop], cut, side="left"))
            )
            high = max(high, lows[index])
            if high > lows[index]:
                runs.append(Run(run.mapped, lows[index], high, offset))
                offset += high - lows[index]
                lows[index] = high
        if runs:
            yield Scan(tuple(runs), offset, found.guard, found.guard_columns)
