"""``python -m bench``: makes the requests, measures every case, writes the table, names the targets missed."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import psutil

from bench import export, freshness, ingest, pages, reading, results
from bench.dataset import Traffic, this_moment
from bench.questions import QUESTIONS
from bench.reading import Reading
from bench.results import Figure
from bench.workers import WorkerFailed
from helix_dash.embedded import find_program
from helix_dash.errors import HelixError

UNITS = {"k": 10**3, "M": 10**6}
CASES = (*QUESTIONS, "start", "memory", "bytes", "csv", "ingest", "freshness", "pages")
MOST_INGESTED = 100_000
MOST_TIMED_EXPORT = 10**6


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; 0 also when targets are missed: figures are no test."""
    asked = _arguments(arguments)
    now, load, began = this_moment(), psutil.getloadavg()[0], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="helix-dash-bench-", dir=asked.folder) as name:
        run = Run(Path(name), now, asked)
        for rows in asked.rows:
            run.read(rows)
        run.write()
    about = results.about(
        asked.rows,
        asked.rounds,
        run.left_out,
        Path(find_program()).name,
        load,
        minutes=(time.monotonic() - began) / 60,
    )
    results.write(asked.output, run.figures, about)
    if asked.page:
        results.publish(asked.page, run.figures, about)
    _tell(run.figures, asked.output)
    return 0


class Run:
    """One run: the figures so far, and what could not be measured and why.

    A case that fails (its process is out of memory, most likely) is left out and named; the others go on. Only an
    answer that differs from ours ends the run.
    """

    def __init__(self, folder: Path, now: int, asked: argparse.Namespace) -> None:
        self._folder, self._now, self._asked = folder, now, asked
        self._readings: list[Reading] = []
        self._notes: list[str] = []
        self._figures: list[Figure] = []

    @property
    def figures(self) -> list[Figure]:
        """Of the cases that read, then of the others."""
        return [*reading.figures(self._readings), *self._figures]

    @property
    def left_out(self) -> list[str]:
        """What was not measured, once each."""
        return list(dict.fromkeys(self._notes + [note for one in self._readings for note in one.left_out]))

    def read(self, rows: int) -> None:
        """The cases over a log of ``rows`` requests."""
        if not any(map(self._wanted, (*QUESTIONS, "start", "memory", "bytes", "csv"))):
            return
        usual = rows == self._asked.rows[0]
        one = Reading(self._folder, Traffic(rows, self._now), self._wanted, usual=usual, say=_say)
        with one.filled() as log:
            self._readings.append(one)
            if any(map(self._wanted, (*QUESTIONS, "start", "memory"))):
                self._case(one.size, lambda: one.run(log, self._asked.rounds))
            if self._wanted("csv"):
                timed = rows <= MOST_TIMED_EXPORT
                self._case(
                    f"csv.{one.size}",
                    lambda: self._figures.extend(
                        export.figures(self._folder, log, self._asked.rounds, timed=timed, say=_say)
                    ),
                )
        shutil.rmtree(self._folder / one.size)  # the file cache belongs to the next size

    def write(self) -> None:
        """The cases over the largest log, and those that need none."""
        asked, folder, say = self._asked, self._folder, _say
        count = min(asked.rows[0], MOST_INGESTED)
        cases: dict[str, Callable[[], Iterable[Figure]]] = {
            "ingest": lambda: ingest.figures(folder, count, self._now, asked.rounds, say),
            "freshness": lambda: freshness.figures(folder, asked.seconds, asked.rounds, say),
            "pages": lambda: pages.figures(folder, self._now, asked.rounds, say, count / MOST_INGESTED),
        }
        if self._readings:
            largest = self._readings[-1]
            cases = {
                "memory": lambda: reading.memory(largest),
                "bytes": lambda: ingest.sizes(folder, largest, self._now, say),
            } | cases
        for name, case in cases.items():
            if self._wanted(name):
                self._case(name, lambda case=case: self._figures.extend(case()))  # type: ignore[misc]

    def _wanted(self, case: str) -> bool:
        return self._asked.only in case

    def _case(self, name: str, measure: Callable[[], None]) -> None:
        try:
            measure()
        except (WorkerFailed, RuntimeError, OSError, HelixError) as error:
            reason = str(error).strip().splitlines()[-1]
            self._notes.append(f"{name}: {reason}")
            _say(f"{name} is left out: {error}")


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
        "--page",
        type=Path,
        help="a Markdown page whose results (between two comments) are replaced: docs/benchmark.md",
    )
    parser.add_argument(
        "--folder", type=Path, help="where the temporary files go: about 1 GB per million requests"
    )
    return parser.parse_args(arguments)


def _sizes(text: str) -> list[int]:
    return sorted(int(float(part.rstrip("kM")) * UNITS.get(part[-1:], 1)) for part in text.split(","))


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
