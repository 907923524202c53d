"""What a page is asked: the filter of its address, the zone, the log in it, and what its figures are shown under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from helix_dash import context
from helix_dash.log.query import RequestLog
from helix_dash.model import Filter, Scope, us_from_utc
from helix_dash.query_params import compares, page_filter
from helix_dash.ui.look import Look, look_at
from helix_dash.zones import Zone


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a page.

    Args:
        now: the present instant.
        zone: where days begin and times are written in.
        where: the filter.
        log: the request log, its days beginning in ``zone``.
        scope: what the asker may see of it.
        look: what the figures are shown under.
        compare: whether the period before is to be drawn too.
        points: the most buckets a chart may have.
    """

    now: datetime
    zone: Zone
    where: Filter
    log: RequestLog
    scope: Scope
    look: Look
    compare: bool
    points: int

    @property
    def now_us(self) -> int:
        """The present instant in microseconds since the epoch."""
        return us_from_utc(self.now)


def asked(state: Mapping[str, Any]) -> Asked:
    """What the ``state`` of a page's address asks; a grid's own filter belongs to its page and is left out.

    Raises:
        BadQuery: a part of it cannot be read.
        NotSignedIn: nobody is signed in.
    """
    now, zone, log = datetime.now(UTC), context.zone(state), context.log()
    where = page_filter(state, zone.info, now)
    settings = context.settings()
    return Asked(
        now=now,
        zone=zone,
        where=where,
        log=log.in_zone(zone.info),
        scope=context.scope(),
        look=look_at(state, where, zone, log.health(), chart=settings.chart_type),
        compare=compares(state),
        points=settings.max_data_points,
    )
