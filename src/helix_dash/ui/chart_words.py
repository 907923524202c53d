"""What a chart says, in a sentence: for who does not see it, and above the table of its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from helix_dash.ui.packed import Number

Words = Callable[[float], str]
DAY = 24 * 3_600_000


def adding(starts: Sequence[int], totals: Sequence[Number], words: Words, *, unfinished: bool = False) -> str:
    """The total, peak, lowest and gaps of amounts per bucket: ``Total 13,870; peak 1,204 at 14:00; 3 gaps.``

    Args:
        starts: each bucket's first instant, wall-clock milliseconds.
        totals: each bucket's whole; ``None`` where nothing was recorded.
        words: writes a figure.
        unfinished: whether the last bucket is still filling: then it is no low.
    """
    known = [(value, start) for value, start in zip(totals, starts, strict=True) if value is not None]
    if not known:
        return "Nothing was recorded."
    most, at = max(known, key=lambda one: one[0])
    parts = [
        f"Total {words(sum(value for value, _ in known))}",
        f"peak {words(most)} at {_moment(at, starts)}",
    ]
    whole = known[:-1] if unfinished and totals[-1] is not None else known
    if len(whole) > 1:
        least, when = min(whole, key=lambda one: one[0])
        parts.append(f"lowest {words(least)} at {_moment(when, starts)}")
    parts += _gaps(totals)
    return "; ".join(parts) + ("; the last one is still filling." if unfinished else ".")


def comparing(starts: Sequence[int], lines: Sequence[tuple[str, Sequence[Number]]], words: Words) -> str:
    """The highest point of each line, and the gaps: ``p95 up to 8.2 s at 14:00; 2 gaps.``"""
    parts = []
    for name, values in lines:
        known = [(value, start) for value, start in zip(values, starts, strict=True) if value is not None]
        if known:
            most, at = max(known, key=lambda one: one[0])
            low = f", at least {words(min(value for value, _ in known))}" if len(lines) == 1 else ""
            parts.append(f"{name} up to {words(most)} at {_moment(at, starts)}{low}")
    if not parts:
        return "Nothing was measured."
    any_known = [next((value for value in column if value is not None), None) for column in zip(*(values for _, values in lines), strict=True)]  # fmt: skip
    return "; ".join(parts + _gaps(any_known)) + "."


def ranking(names: Sequence[str], values: Sequence[float], words: Words) -> str:
    """The largest and how many there are: ``gpt-4o leads with 1,204, 41.2% of 2,922; 8 in all.``"""
    total = sum(values)
    if not values or not total:
        return "Nothing to rank."
    most = max(range(len(values)), key=lambda index: values[index])
    part = f"{values[most] / total * 100:.1f}%"
    return f"{names[most]} leads with {words(values[most])}, {part} of {words(total)}; {len(values)} in all."


def _gaps(values: Sequence[Number]) -> list[str]:
    """Runs of unknown buckets, each of which a person sees as one gap."""
    runs = sum(
        1 for before, here in zip([0, *values], values, strict=False) if here is None and before is not None
    )
    return [] if not runs else ["1 gap"] if runs == 1 else [f"{runs} gaps"]


def _moment(wall_ms: int, starts: Sequence[int]) -> str:
    moment = datetime.fromtimestamp(wall_ms / 1000, UTC)
    step = starts[1] - starts[0] if len(starts) > 1 else 0
    if step >= DAY:
        return f"{moment:%-d %b %Y}"
    return f"{moment:%H:%M}" if starts[-1] - starts[0] <= DAY else f"{moment:%-d %b, %H:%M}"
