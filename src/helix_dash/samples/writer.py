"""Writes samples: one transaction each, fenced, so that two collectors never count the same growth twice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import redis

from helix_dash.samples.frame import Frame, Last, frame_of, growth
from helix_dash.samples.keys import RESOLUTIONS, frames_key, last_key
from helix_dash.store import connect, reaching

MOST_NAMES = 400
"""Numbers of one sample that are kept; beyond it the ones last by name are left out, and counted."""

FOLDED = "not_kept"
"""The gauge that tells how many numbers of a sample were left out."""

_PACKED = msgspec.msgpack.Encoder()
_LAST = msgspec.msgpack.Decoder(Last)


class SampleWriter:
    """Writes the series of any number of sources into the store at ``url``."""

    def __init__(self, url: str) -> None:
        # No retries: a sample whose reply was lost is found by the next one, which sees the last one's time.
        self._client: Any = connect(url, retries=0)

    def now(self) -> int:
        """The store's clock, microseconds since the epoch.

        Raises:
            StoreUnavailable: it did not answer.
        """
        with reaching():
            seconds, micros = self._client.time()
        return int(seconds) * 10**6 + int(micros)

    def record(
        self, source: str, at: int, counters: Mapping[str, float], gauges: Mapping[str, float] | None = None
    ) -> bool:
        """Add one sample of ``source``; whether it was new.

        Args:
            source: the series' name; what is read together belongs under one.
            at: when it was taken, microseconds since the epoch, by the store's clock (:meth:`now`).
            counters: what each counter reads; it only grows, and begins again when its source does.
            gauges: what each gauge reads.

        Numbers that are not finite are left out: they are unknown. A sample not younger than the last one, or
        written at the same moment as another collector's, changes nothing.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        counted, gauged = _bounded(counters, gauges or {})
        key = last_key(source)
        with reaching(), self._client.pipeline(transaction=True) as pipe:
            try:
                pipe.watch(key)
                packed = pipe.get(key)
                last = _last(packed)
                if last and at <= last.at:
                    return False
                frames = _frames(pipe, source, at)
                pipe.multi()
                pipe.set(key, _PACKED.encode(Last(at, counted)))
                grown = growth(last, at, counted)
                for name, number, oldest, frame in frames:
                    begins = not frame.samples
                    frame.add(grown, gauged)
                    pipe.hset(name, str(number), _PACKED.encode(frame))
                    if begins:
                        pipe.hdel(name, *(str(oldest - back) for back in range(1, 61)))
                pipe.execute()
            except redis.WatchError:
                return False
        return True

    def sweep(self, source: str, at: int) -> int:
        """Delete the frames of ``source`` that have outlived their time; how many there were.

        Each sample takes the ones just before its oldest away; this finds what a pause left over.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        gone = 0
        with reaching():
            for resolution in RESOLUTIONS:
                name, oldest = frames_key(source, resolution), (at - resolution.kept) // resolution.step
                old = [field for field in self._client.hkeys(name) if int(field) < oldest]
                if old:
                    gone += int(self._client.hdel(name, *old))
        return gone


def _last(packed: bytes | None) -> Last | None:
    """The sample before; ``None`` also when something else was written in its place: then counting begins anew."""
    if not packed:
        return None
    try:
        return _LAST.decode(packed)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _frames(pipe: Any, source: str, at: int) -> list[tuple[str, int, int, Frame]]:
    """Of each resolution: the key, the number of the frame of ``at``, that of the oldest kept, the frame."""
    found = []
    for resolution in RESOLUTIONS:
        name, number = frames_key(source, resolution), at // resolution.step
        packed = pipe.hget(name, str(number))
        oldest = (at - resolution.kept) // resolution.step
        found.append((name, number, oldest, frame_of(packed) or Frame()))
    return found


def _bounded(
    counters: Mapping[str, float], gauges: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, float]]:
    counted = {name: value for name, value in counters.items() if math.isfinite(value)}
    gauged = {name: value for name, value in gauges.items() if math.isfinite(value)}
    extra = len(counted) + len(gauged) - MOST_NAMES
    if extra > 0:
        left_out = set(sorted([*counted, *gauged])[-extra:])
        counted = {name: value for name, value in counted.items() if name not in left_out}
        gauged = {name: value for name, value in gauged.items() if name not in left_out} | {FOLDED: extra}
    return counted, gauged
