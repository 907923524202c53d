"""What the page asks of the log."""

from helix_dash.log.query import RequestLog
from helix_dash.model import Filter, Scope


def reasons(log: RequestLog, scope: Scope, where: Filter) -> dict[str, int]:
    """Requests by finish reason, most first. Requests without an answer have no reason and count as ``""``."""
    series = log.series(scope, where, ["finish_reason"], None, ["requests"])
    counts = [int(line[0] or 0) for line in series.values["requests"]]
    return {group[0] or "": count for group, count in zip(series.groups, counts, strict=True) if count}
