"""The counters of many processes as one: each has its own since it began, together they only grow."""

from __future__ import annotations

from collections.abc import Sequence

from helix_dash.vitals.pulse import Beat

_Process = tuple[str, str, int, int]


class Merged:
    """The sum of what all processes count, from when it is first asked.

    What processes counted before is left out: another collector may have counted it already.
    """

    def __init__(self) -> None:
        self._last: dict[_Process, dict[str, float]] | None = None
        self._total: dict[str, float] = {}

    def add(self, beats: Sequence[Beat]) -> dict[str, float]:
        """Take the newest beats in; the sums so far."""
        now = {(beat.kind, beat.host, beat.process, beat.started): beat.counters for beat in beats}
        if self._last is not None:
            for process, counters in now.items():
                before = self._last.get(process, {})
                for name, count in counters.items():
                    grown = count - before.get(name, 0.0)
                    if grown > 0:
                        self._total[name] = self._total.get(name, 0.0) + grown
        self._last = now
        return dict(self._total)
