"""How much of a period's requests is still kept one by one, and the newest of them."""

from __future__ import annotations

from dataclasses import dataclass

from helix_dash.log.query import RequestLog
from helix_dash.model import Filter, Scope, Slice, Sort

RECENT = 10


@dataclass(frozen=True, slots=True)
class Held:
    """The requests of a period.

    Args:
        requests: those that totals tell of; ``None`` when unknown.
        rows: those of them that are still kept one by one.
        recent: the newest of these, as shown.
    """

    requests: int | None
    rows: int
    recent: tuple[dict[str, object], ...] = ()

    @property
    def expired(self) -> int:
        """Requests that totals tell of, and whose rows are gone."""
        return max(0, (self.requests or 0) - self.rows)

    @property
    def gone(self) -> bool:
        """Whether all of them are gone."""
        return bool(self.expired) and not self.rows


def held(log: RequestLog, scope: Scope, where: Filter) -> Held:
    """What there is of ``where``, with the newest :data:`RECENT`.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition names a value its column cannot hold.
    """
    total = log.series(scope, where, [], None, ["requests"]).values["requests"][0][0]
    newest = log.page(scope, where, Sort(), Slice(0, RECENT))
    return Held(None if total is None else int(total), newest.total, tuple(dict(row) for row in newest.rows))
