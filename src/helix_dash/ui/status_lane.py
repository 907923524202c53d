"""The states of services over time, a lane each: where a lane is empty nobody could tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from helix_dash.model import utc_from_us
from helix_dash.ui import format as fmt
from helix_dash.ui.charts import ERROR, SUCCESS, THROTTLED, Figure, Unit
from helix_dash.ui.charts_ranked import plain, plot
from helix_dash.ui.packed import Number

STATES: tuple[tuple[str, str], ...] = (("Up", SUCCESS), ("Degraded", THROTTLED), ("Down", ERROR))

Span = tuple[int, int, int]
"""From, to (microseconds since the epoch) and state: 0 up, 1 degraded, 2 down."""


def spans(levels: Sequence[Number], starts: Sequence[int], step: int) -> list[Span]:
    """Stretches of the same state; ``None`` ends one and begins none."""
    found: list[Span] = []
    for start, level in zip(starts, levels, strict=True):
        if level is None:
            continue
        state = min(2, max(0, round(level)))
        if found and found[-1][1] == start and found[-1][2] == state:
            found[-1] = (found[-1][0], start + step, state)
        else:
            found.append((start, start + step, state))
    return found


def lanes(services: Sequence[tuple[str, Sequence[Span]]], start: int, end: int, zone: tzinfo) -> Figure:
    """One lane per service.

    Args:
        services: name and stretches.
        start: where the axis begins, microseconds since the epoch.
        end: where it ends.
        zone: where times are shown in.
    """

    def wall(micros: int) -> int:
        return fmt.wall_ms(micros // 1000, zone)

    traces = []
    for state, (name, colour) in enumerate(STATES):
        told = [(service, span) for service, every in services for span in every if span[2] == state]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": name,
                "y": [plain(service) for service, _ in told],
                "base": [wall(max(begin, start)) for _, (begin, _, _) in told],
                "x": [wall(min(until, end)) - wall(max(begin, start)) for _, (begin, until, _) in told],
                "customdata": [_times(begin, until, zone) for _, (begin, until, _) in told],
                "width": 0.5,
                "marker": {"color": colour, "line": {"width": 0}},
                "hovertemplate": f"%{{y}}: {name.lower()}, %{{customdata}}<extra></extra>",
            }
        )
    # an empty trace first, so that the lanes stand in their order whatever state comes first
    order = {"type": "bar", "orientation": "h", "y": [plain(name) for name, _ in services], "x": [0] * len(services), "base": [wall(start)] * len(services), "hoverinfo": "skip"}  # fmt: skip
    return plot(
        [order, *traces],
        {
            "barmode": "overlay",
            "xaxis": {"type": "date", "range": [wall(start), wall(end)]},
            "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "minallowed": None},
        },
        head=("Service", *(f"{name}, % of the time told" for name, _ in STATES)),
        rows=[(name, *_shares(every)) for name, every in services],
        units=[Unit(suffix="%", places=1)] * len(STATES),
        says=_says(services),
        legend=STATES,
    )


def _times(begin: int, until: int, zone: tzinfo) -> str:
    return " to ".join(f"{utc_from_us(one).astimezone(zone):%-d %b, %H:%M}" for one in (begin, until))


def _shares(every: Sequence[Span]) -> list[float | None]:
    whole = sum(until - begin for begin, until, _ in every)
    return [
        round(sum(until - begin for begin, until, one in every if one == state) / whole * 100, 1)
        if whole
        else None
        for state in range(len(STATES))
    ]


def _says(services: Sequence[tuple[str, Sequence[Span]]]) -> str:
    down = [name for name, every in services if any(state == 2 for _, _, state in every)]
    return f"Down at some time: {', '.join(down)}." if down else "Nothing was down when somebody looked."
