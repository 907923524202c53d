"""What the page asks of the log."""

from helix_dash.log.query import RequestLog
from helix_dash.model import Filter, Scope


def reasons(log: RequestLog, scope: Scope, where: Filter) -> tuple[dict[str, int], float | None]:
    """Requests by finish reason, most first, and the simulated share of them (0–1, ``None`` without any).

    Requests without an answer have no reason and count as ``""``.
    """
    series = log.series(scope, where, ["finish_reason"], None, ["requests", "simulated_requests"])
    sums = {name: [int(line[0] or 0) for line in lines] for name, lines in series.values.items()}
    counts = zip((group[0] or "" for group in series.groups), sums["requests"], strict=True)
    share = sum(sums["simulated_requests"]) / sum(sums["requests"]) if sum(sums["requests"]) else None
    return {name: count for name, count in counts if count}, share
