"""The charts of the rate limits page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from helix_dash.metrics.origins import ORIGINS, origin
from helix_dash.pages.rate_limits.queries import RateLimits
from helix_dash.ui import charts, charts_spread
from helix_dash.ui import format as fmt
from helix_dash.ui.charts import COUNT, OTHERS, PALETTE, PERCENT, Headline, Layer
from helix_dash.ui.look import Drawn, Look, axis

COLOURS: dict[str | None, str] = {
    "rpm": PALETTE[0],
    "tpm": PALETTE[4],
    "rpd": PALETTE[7],
    "tpd": PALETTE[5],
    "budget": PALETTE[3],
    "parallel": PALETTE[2],
    "provider": PALETTE[1],
}
NO_KEY = "No key"


def _throttles(found: RateLimits, look: Look) -> Drawn:
    series = found.throttled
    lines = {group[0]: series.values["throttled"][place] for place, group in enumerate(series.groups)}
    order = [one.word for one in ORIGINS] + [word for word in lines if word not in COLOURS]
    layers = [
        Layer(
            f"{origin(word).title}{'' if origin(word).ours or word is None else ', not ours'}",
            lines[word],
            COLOURS.get(word, OTHERS),
            ("limiter", word or ""),
        )
        for word in order
        if word in lines and any(lines[word])
    ]
    total = sum(found.totals.values())
    figure = charts.amounts(axis(series, look), layers, COUNT, kind=look.chart, headline=Headline(fmt.short(total, "count")))  # fmt: skip
    return Drawn("Throttled requests", "throttled requests", figure if layers else None)


def _breaches(found: RateLimits, look: Look) -> Drawn:
    layers = [
        Layer(key or NO_KEY, line, PALETTE[place], ("key_alias", key or ""))
        for place, (key, line) in enumerate(found.breach_lines)
    ]
    minutes = len({(one.key, one.minute) for one in found.told})
    headline = Headline(fmt.short(minutes, "count"), "minutes")
    figure = charts.amounts(axis(found.throttled, look), layers, COUNT, kind=look.chart, headline=headline)
    return Drawn("Minutes over a limit, most breached keys,", "breaches", figure if layers else None)


def _headroom(found: RateLimits, look: Look) -> Drawn:
    layers = [
        Layer(
            one.provider or "Unknown provider",
            [None if share is None else share * 100 for share in one.line],
            PALETTE[place % len(PALETTE)],
            ("provider", one.provider or ""),
        )
        for place, one in enumerate(found.headroom[: len(PALETTE)])
    ]
    headline = Headline(fmt.short(found.headroom[0].lowest, "ratio"), "least") if found.headroom else None
    figure = charts.rates(axis(found.throttled, look), layers, PERCENT, top=100, headline=headline)
    return Drawn("Least left of a provider's limit", "headers with a provider's limits", figure if layers else None)  # fmt: skip


def _heat(found: RateLimits, look: Look) -> Drawn:
    names = [key or NO_KEY for key in found.heat.keys]
    values = [[None if share is None else share * 100 for share in line] for line in found.heat.shares]
    span = (found.heat_starts[-1] - found.heat_starts[0]) / 3_600_000 if found.heat_starts else 0
    columns = [
        _moment(fmt.wall_ms(start, look.zone), days=span > 26, hours=span < 24 * 8)
        for start in found.heat_starts
    ]
    figure = charts_spread.heat_map(names, columns, values, PERCENT, noun="Key")
    return Drawn("Busiest minute of each, percent of the limit it came nearest to,", "keys with limits", figure if names else None)  # fmt: skip


def _moment(wall_ms: int, *, days: bool, hours: bool) -> str:
    moment = datetime.fromtimestamp(wall_ms / 1000, UTC)
    if not days:
        return f"{moment:%H:%M}"
    return f"{moment:%-d %b %H:%M}" if hours else f"{moment:%-d %b}"


BUILDERS: dict[str, Callable[[RateLimits, Look], Drawn]] = {
    "limits-throttles": _throttles,
    "limits-heat": _heat,
    "limits-headroom": _headroom,
    "limits-breaches": _breaches,
}
