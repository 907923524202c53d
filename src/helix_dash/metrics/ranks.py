"""The order in which entities are ranked over the last 30 days: what their colours hang on, on every page."""

from __future__ import annotations

from datetime import datetime, timedelta

from helix_dash.log.query import RequestLog
from helix_dash.model import Filter, Period, Scope


def rank_order(log: RequestLog, scope: Scope, dim: str, now: datetime) -> tuple[str | None, ...]:
    """The values of ``dim`` by cost over today and the 30 days before it (UTC), whatever is filtered.

    The log keeps its answers until something new is recorded, so this is computed once per refresh, however many
    pages and viewers ask.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    month = Filter(Period(midnight - timedelta(days=30), midnight + timedelta(days=1)))
    return tuple(group[0] for group in log.series(scope, month, [dim], None, ["cost_usd"]).groups)
