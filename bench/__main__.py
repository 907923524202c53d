"""``python -m bench``: makes the requests, measures every case, writes the table, names the targets missed."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from bench import export, freshness, ingest, reading, results
from bench.dataset import Traffic, this_moment
from bench.questions import QUESTIONS
from bench.reading import Reading
from bench.results import Figure
from helix_dash.embedded import find_program
from helix_dash.errors import HelixError

UNITS = {"k": 10**3, "M": 10**6}
CASES = (*QUESTIONS, "start", "memory", "bytes", "csv", "ingest", "freshness")
MOST_INGESTED = 100_000
MOST_TIMED_EXPORT = 10**6


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; 0 also when targets are missed: figures are no test."""
    asked = _arguments(arguments)
    figures: list[Figure] = []
    readings: list[Reading] = []
    now, load = this_moment(), psutil.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="helix-dash-bench-", dir=asked.folder) as name:
        folder = Path(name)
        for rows in asked.rows:
            one = Reading(
                folder,
                Traffic(rows, now),
                lambda case: _wanted(case, asked.only),
                usual=rows == asked.rows[0],
                say=_say,
            )
            with one.filled() as log:
                one.run(log, asked.rounds)
                readings.append(one)
                if _wanted("csv", asked.only):
                    timed = rows <= MOST_TIMED_EXPORT
                    figures += export.figures(folder, log, asked.rounds, timed=timed, say=_say)
            shutil.rmtree(folder / one.size)  # the file cache belongs to the next size
        figures = [*reading.figures(readings), *figures]
        if _wanted("memory", asked.only):
            figures += reading.memory(readings[-1])
        if _wanted("bytes", asked.only):
            figures += ingest.sizes(folder, readings[-1], now, _say)
        if _wanted("ingest", asked.only):
            count = min(asked.rows[0], MOST_INGESTED)
            figures += ingest.figures(folder, count, now, asked.rounds, _say)
        if _wanted("freshness", asked.only):
            figures += freshness.figures(folder, asked.seconds, asked.rounds, _say)
    left_out = [reason for one in readings for reason in one.left_out]
    about = results.about(
        asked.rows, asked.rounds, list(dict.fromkeys(left_out)), Path(find_program()).name, load
    )
    results.write(asked.output, figures, about)
    _tell(figures, asked.output)
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--rows",
        type=_sizes,
        default=[10**6, 10**7],
        metavar="1M,10M",
        help="sizes of the log, smallest first",
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each case is measured (3)")
    parser.add_argument(
        "--only", default="", metavar="NAME", help=f"only cases whose name contains this: {', '.join(CASES)}"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="length of one round of the freshness case (10)"
    )
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent, help="folder for results.md and results.json"
    )
    parser.add_argument(
        "--folder", type=Path, help="where the temporary files go: about 1 GB per million requests"
    )
    return parser.parse_args(arguments)


def _sizes(text: str) -> list[int]:
    return sorted(int(float(part.rstrip("kM")) * UNITS.get(part[-1:], 1)) for part in text.split(","))


def _wanted(case: str, only: str) -> bool:
    return only in case


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


def _tell(figures: Sequence[Figure], folder: Path) -> None:
    missed = [figure for figure in figures if figure.met is False]
    judged = sum(figure.met is not None for figure in figures)
    print(
        f"{len(figures)} figures in {folder / 'results.md'}; {judged - len(missed)} of {judged} targets met."
    )
    for figure in missed:
        shown = figure.shown()
        print(
            f"missed: {figure.name}: {shown['ours']:g} {figure.unit}, ratio {shown['ratio']}, target {figure.target}"
        )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HelixError as error:
        sys.exit(str(error))
