"""The names of the keys that signs of life and log lines live under. This module owns them."""

from __future__ import annotations

from helix_dash.log.keys import APP

BEATS = APP + "beats"
"""hash: ``<kind>:<host>:<process>`` → MessagePack of a :class:`~helix_dash.vitals.pulse.Beat`."""

LINES = APP + "lines"
"""stream, about 5,000 entries: field ``l`` is JSON of a :class:`~helix_dash.vitals.lines.Line`."""

VISIT = APP + "visit"
"""string, expires after a day: MessagePack of the last :class:`~helix_dash.vitals.visits.Visit`."""
