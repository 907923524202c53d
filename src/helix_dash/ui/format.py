"""Numbers as people read them, and as programs read them off a page. Unknown is always ``—``."""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from helix_dash.model import Kpi, Period, utc_from_us

UNKNOWN = "—"
MINUS = "−"

Value = float | int | Decimal | None

EACH = {"5minutes": "5 minutes", "quarter": "15 minutes", "6hours": "6 hours"}
"""Widths of a bucket as people say them; the others are words already."""

_SUFFIXES = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**4, "k"))


def short(value: Value, unit: str) -> str:
    """``value`` in at most four significant digits, for a card or a table: ``12.35k``, ``$0.0412``, ``642 ms``."""
    if not known(value):
        return UNKNOWN
    number = float(value)  # type: ignore[arg-type]
    match unit:
        case "usd":
            return f"{_sign(number)}${_digits(abs(number), cents=True)}"
        case "ratio":
            return _percent(number * 100)
        case "ms":
            return _duration(number)
        case "bytes":
            return _bytes(number)
        case _:
            return _sign(number) + _digits(abs(number))


def full(value: Value, unit: str) -> str:
    """``value`` in all its digits, for a tooltip."""
    if not known(value):
        return UNKNOWN
    match unit:
        case "usd":
            return "$" + _grouped(raw(value))
        case "ratio":
            return f"{_trim(float(value) * 100, 4)}%"  # type: ignore[arg-type]
        case "ms":
            return f"{_grouped(raw(value))} ms"
        case "bytes":
            return f"{_grouped(raw(value))} bytes"
        case _:
            return _grouped(raw(value))


def raw(value: Value) -> str:
    """``value`` as a plain decimal with a point, never an exponent; empty when unknown."""
    if not known(value):
        return ""
    text = format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")  # type: ignore[arg-type]
    return text.rstrip("0").rstrip(".") if "." in text else text


def known(value: Value) -> bool:
    """Whether ``value`` is a figure at all."""
    return value is not None and math.isfinite(value)


def change(kpi: Kpi) -> str:
    """How ``kpi`` moved against the period before: ``+12.4%``, for ratios ``−0.3 pt``; empty when unknown.

    From zero there is no percentage: it would be infinite.
    """
    if kpi.value is None or kpi.before is None:
        return ""
    if kpi.unit == "ratio":
        points = round((kpi.value - kpi.before) * 100, 1)
        return f"{_signed(points, 1)} pt"
    if not kpi.before:
        return ""
    percent = (kpi.value - kpi.before) / kpi.before * 100
    if percent >= 1000:
        factor = kpi.value / kpi.before
        return f"×{_significant(factor)}" if factor < 100 else ">×99"
    return f"{_signed(percent, 1 if abs(percent) < 100 else 0)}%"


FLAT = 0.005
"""A change by less than this share is no news."""


def verdict(kpi: Kpi) -> str:
    """Whether the change is ``good`` or ``bad`` news; ``none`` when flat, unknown, or a matter of taste.

    Flat is a change by less than half a percent (:data:`FLAT`) of the figure before. A ratio is measured by its
    smaller part: from 99.9% to 99.5% of requests well done is five times the failures, and no flat line.
    """
    if kpi.value is None or kpi.before is None or kpi.good == "none" or not change(kpi):
        return "none"
    moved = kpi.value - kpi.before
    size = min(kpi.before, 1 - kpi.before) if kpi.unit == "ratio" else kpi.before
    if abs(moved) < FLAT * abs(size) or change(kpi).strip("+−%pt 0.") == "":
        return "none"
    return "good" if (moved > 0) == (kpi.good == "up") else "bad"


def share(part: Value, whole: Value) -> str:
    """``part`` of ``whole`` in percent."""
    if not known(part) or not known(whole) or not whole:
        return UNKNOWN
    percent = float(part) / float(whole) * 100  # type: ignore[arg-type]
    return _percent(percent)


def others(count: int) -> str:
    """What has no bar or line of its own: ``3 others``, ``1 other``."""
    return "1 other" if count == 1 else f"{count:,} others"


def price(value: Decimal | None) -> str:
    """A price of a unit in all its digits, and cents where it has fewer: ``$2.50``, ``$0.0375``."""
    if value is None:
        return UNKNOWN
    whole, _, cents = raw(value).partition(".")
    return f"${int(whole):,}.{cents:0<2}"


def length(period: Period) -> str:
    """How long ``period`` is, in words: ``24 hours``, ``30 days``, and without a one: ``hour``."""
    seconds = round(period.length.total_seconds())
    for size, word in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size and (seconds % size == 0 or seconds >= 3 * size):
            count = round(seconds / size)
            # people say 24 hours and 30 days, not 1 day and 720 hours
            if size == 86_400 and count == 1:
                return "24 hours"
            return word if count == 1 else f"{count} {word}s"
    return "moment"


def these(period: Period) -> str:
    """``these 24 hours``, ``this hour``."""
    words = length(period)
    return f"these {words}" if words[0].isdigit() else f"this {words}"


def per(unit: str, bucket: str, zone_name: str) -> str:
    """What a chart over time shows: ``Requests per 15 minutes, UTC``."""
    return f"{unit} per {EACH.get(bucket, bucket)}, {zone_name}"


def clock(microseconds: int | None, zone: tzinfo) -> str:
    """An instant as a time of day in ``zone``: ``14:02:11``."""
    return (
        UNKNOWN if microseconds is None else utc_from_us(microseconds).astimezone(zone).strftime("%H:%M:%S")
    )


def moment(instant: datetime, zone: tzinfo) -> str:
    """An instant as a date and time in ``zone``: ``22 Nov 2026, 14:02``."""
    return f"{instant.astimezone(zone):%-d %b %Y, %H:%M}"


def wall_ms(epoch_ms: int, zone: tzinfo) -> int:
    """The reading of a wall clock in ``zone`` as if it were UTC: what a time axis needs to show local time."""
    local = datetime.fromtimestamp(epoch_ms / 1000, tz=zone)
    return epoch_ms + round(local.utcoffset().total_seconds() * 1000)  # type: ignore[union-attr]


def age(seconds: float) -> str:
    """A length of time in one word: ``40 s``, ``3 min``, ``2 h``."""
    if seconds < 90:
        return f"{round(seconds)} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"


def now_us() -> int:
    """This moment in microseconds since the epoch."""
    return int(datetime.now(UTC).timestamp() * 1_000_000)


def _percent(percent: float) -> str:
    """With one decimal; what is not quite nothing or all is not written so."""
    if percent in (0, 100):
        return f"{percent:.0f}%"
    if 0 < percent < 0.05:
        return "<0.1%"
    return ">99.9%" if 99.95 <= percent < 100 else f"{percent:,.1f}%".replace("-", MINUS)


def _sign(number: float) -> str:
    return MINUS if number < 0 else ""


def _signed(number: float, places: int) -> str:
    text = f"{abs(number):,.{places}f}"
    if not text.strip("0."):
        return "0"
    return ("+" if number > 0 else MINUS) + text


def _trim(number: float, places: int) -> str:
    text = f"{number:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", MINUS)


def _digits(number: float, *, cents: bool = False) -> str:
    for size, suffix in _SUFFIXES:
        if number >= size:
            scaled = number / (size if suffix != "k" else 1000)
            return f"{scaled:,.{1 if scaled >= 100 else 2}f}{suffix}"
    if cents and number >= 1:
        return f"{number:,.2f}" if number < 100 else f"{number:,.0f}" if number >= 1000 else f"{number:,.1f}"
    if cents and number:
        return _significant(number, trim=False)
    if number == int(number):
        return f"{int(number):,}"
    return _significant(number)


def _significant(number: float, *, trim: bool = True) -> str:
    """Three significant digits; a column of figures keeps its zeros, so that it can be compared at a glance."""
    if number == 0:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(number))))
    text = f"{number:,.{min(places, 9)}f}"
    if not trim:
        return text
    return text.rstrip("0").rstrip(".") if "." in text else text


def _duration(milliseconds: float) -> str:
    if 0 < milliseconds < 0.1:
        return f"{_significant(milliseconds * 1000)} µs"
    if milliseconds < 1000:
        return f"{_significant(milliseconds)} ms"
    seconds = milliseconds / 1000
    if seconds < 120:
        return f"{_significant(seconds, trim=False)} s"
    return f"{_significant(seconds / 60, trim=False)} min"


def _bytes(number: float) -> str:
    for size, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (1000, "kB")):
        if abs(number) >= size:
            return f"{_significant(number / size)} {name}"
    return f"{_significant(number)} B"


def _grouped(text: str) -> str:
    whole, point, rest = text.partition(".")
    negative = whole.startswith("-")
    grouped = f"{int(whole.lstrip('-')):,}"
    return (MINUS if negative else "") + grouped + point + rest
