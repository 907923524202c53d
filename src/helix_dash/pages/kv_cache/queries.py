"""What the KV cache page asks of the store: at most six commands per refresh, whatever the range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import redis

from helix_dash.metrics.kv_cache import KvReading, KvSource
from helix_dash.metrics.kv_insights import Insight, insights
from helix_dash.metrics.kv_sources import read, sources
from helix_dash.model import Period, us_from_utc
from helix_dash.samples.answers import Answer
from helix_dash.samples.sources import STREAM

MAX_FRAMES = 200
"""More points than this are thinner than a bar can be drawn."""


@dataclass(frozen=True, slots=True)
class KvPage:
    """Everything the page shows.

    Args:
        sources: every server that is or was asked.
        source: the one that is shown; ``None`` without any.
        stream: what FakeAI's WebSocket last said of itself; ``None`` when nobody listens.
        reading: its figures of the period.
        before: those of the period before.
        told: what stands out.
    """

    sources: Sequence[KvSource]
    source: KvSource | None
    stream: Answer | None = None
    reading: KvReading | None = None
    before: KvReading | None = None
    told: Sequence[Insight] = ()


def kv_page(
    store: redis.Redis, name: str | None, period: Period, now: int, *, fakeai: bool, servers: Sequence[str]
) -> KvPage:
    """The page's figures.

    Args:
        store: where samples and answers are kept.
        name: the source to show; the first when there is none of that name.
        period: the time shown.
        now: microseconds since the epoch.
        fakeai: whether a setting names a FakeAI server.
        servers: the names of the servers that settings name.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    found, of_fakeai = sources(store, fakeai=fakeai, servers=servers)
    source = next((one for one in found if one.name == name), found[0] if found else None)
    if source is None:
        return KvPage(found, None)

    def reading(span: Period) -> KvReading:
        return read(store, source, us_from_utc(span.start), us_from_utc(span.end), now, MAX_FRAMES)

    shown = reading(period)
    stream = of_fakeai.get(STREAM) if source.kind == "fakeai" else None
    return KvPage(found, source, stream, shown, reading(period.previous()), insights(shown))
