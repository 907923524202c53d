"""The names of the request log's keys. This module owns them; docs/redis.md tells their types.

Every key of a shard carries the tag ``{s}``, so that one transaction can hold them all on Redis Cluster; all keys
of ours that belong to no shard carry the tag ``{app}`` for the same reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from helix_dash.store import APP_TAG

PREFIX = "helixdash:"
APP = f"{PREFIX}{{{APP_TAG}}}:"
"""The beginning of every key that belongs to no shard: accounts, tokens, sessions, the audit record."""

TICK = PREFIX + "tick"
"""Pub/sub channel: the fold says ``<shard>:<manifest version>`` after each commit."""


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The keys of one shard of the log."""

    shard: int = 0

    @property
    def tag(self) -> str:
        """What decides, on a cluster, which node has these keys."""
        return str(self.shard)

    def _key(self, name: str) -> str:
        return f"{PREFIX}{{{self.tag}}}:{name}"

    @property
    def stream(self) -> str:
        """stream: what recorders appended and the fold has not sealed yet; field ``e`` is one packed entry."""
        return self._key("log")

    @property
    def cursor(self) -> str:
        """string: the id of the last stream entry folded. The fence: each commit WATCHes it."""
        return self._key("cursor")

    @property
    def lease(self) -> str:
        """string, expires: who folds now. Spares work; the cursor keeps things right."""
        return self._key("lease")

    @property
    def loading(self) -> str:
        """string, expires: who copies segments to ClickHouse now. Spares work; the time of a look keeps things right."""
        return self._key("loading")

    @property
    def producers(self) -> str:
        """hash: producer (hex) → ``<highest sequence>:<ms last seen>``."""
        return self._key("producers")

    @property
    def sent(self) -> str:
        """hash: producer (hex) → the highest sequence in the stream, of those that wrote since the fold last caught up."""
        return self._key("sent")

    @property
    def manifest(self) -> str:
        """hash: segment id → JSON of :class:`helix_dash.log.segment.Segment`."""
        return self._key("manifest")

    @property
    def version(self) -> str:
        """string: counts the commits; a mirror that has this version is up to date."""
        return self._key("version")

    @property
    def coverage(self) -> str:
        """string: JSON ``[[from, to], …]`` in microseconds: when the fold was alive and complete."""
        return self._key("coverage")

    @property
    def stats(self) -> str:
        """hash: folded, dropped, duplicates, replaced, skewed, late, lost_rows, expired_rows, rejected, rejected:<reason>, heartbeat, lag and lag_at, dropped_at, rejected_at."""
        return self._key("stats")

    @property
    def rejected(self) -> str:
        """list, newest first, at most 1000: JSON of rejected records' column, reason, producer, time; never values."""
        return self._key("rejected")

    @property
    def recompute(self) -> str:
        """string: JSON :class:`helix_dash.log.repricing.Job`: the recomputation of costs that was asked for last."""
        return self._key("recompute")

    @property
    def recomputed(self) -> str:
        """string: JSON :class:`helix_dash.log.repricing.Tally`: what the fold has done of it."""
        return self._key("recomputed")

    def rows(self, segment: str) -> str:
        """string: a segment's rows, packed (:mod:`helix_dash.log.packing`)."""
        return self._key(f"rows:{segment}")

    def cube(self, segment: str) -> str:
        """string: a segment's cube, packed."""
        return self._key(f"cube:{segment}")
