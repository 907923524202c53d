"""The gateway's own counters (``helix:*``), kept up by the fold where no gateway keeps them itself.

Only with WRITE_GATEWAY_KEYS=1: beside a gateway that writes them, everything would count twice. When the
gateway's store is also the log's, they are written in the transaction that folds the records, so exactly once;
else right after it, once at most: a crash between the two leaves them short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import redis

from helix_dash.log.schema import PICO
from helix_dash.model import utc_from_us
from helix_dash.store import everywhere, is_cluster, reaching

MOST_INCIDENTS = 1_000
Command = tuple[str | bytes, ...]


class GatewayKeys:
    """Writes the gateway's counters.

    Args:
        url: the gateway's store.
        zone: the reporting zone, whose dates the spend counters carry.
        same_store: whether that store is the log's too; the keys of a cluster are on many nodes, so never there.
    """

    def __init__(self, url: str, zone: tzinfo, *, same_store: bool) -> None:
        self.same_store = same_store and not is_cluster(url)
        self._zone = zone
        self._url = url
        self._client: redis.Redis | None = None

    def queue(self, added: pa.Table, removed: list[pa.Table]) -> Callable[[Any], None]:
        """What adds the commands for ``added`` rows, and takes those of ``removed`` ones back, to a pipeline."""
        commands = [*_counters(added, 1, self._zone), *_incidents(added, self._zone)]
        for rows in removed:
            commands += _counters(rows, -1, self._zone)
        return _writing(commands)

    def queue_spending(self, rows: pa.Table, sign: int) -> Callable[[Any], None]:
        """What adds the cost of ``rows`` to the counters (``sign`` 1), or takes it back (-1)."""
        return _writing(list(_spending(rows, sign, self._zone)))

    def write(self, queue: Callable[[Any], None]) -> None:
        """Send the commands to a store of their own.

        Raises:
            StoreUnavailable: it did not take them; they are not sent again.
        """
        with reaching():
            self._client = self._client or everywhere(self._url, retries=0)
            self._send(self._client, queue)

    def _send(self, client: redis.Redis, queue: Callable[[Any], None]) -> None:
        with client.pipeline(transaction=not is_cluster(self._url)) as pipe:
            queue(pipe)
            if len(pipe):
                pipe.execute()


def _writing(commands: Sequence[Command]) -> Callable[[Any], None]:
    def write(pipe: Any) -> None:
        for command in commands:
            pipe.execute_command(*command)

    return write


def _counters(rows: pa.Table, sign: int, zone: tzinfo) -> Iterator[Command]:
    if not rows.num_rows:
        return
    yield "INCRBY", "helix:requests:total", str(sign * rows.num_rows)
    hits = pc.sum(pc.is_in(rows["cache"].cast(pa.string()), pa.array(["exact", "semantic"]))).as_py()
    if hits:
        yield "INCRBY", "helix:requests:cache_hits", str(sign * hits)
    yield from _spending(rows, sign, zone)


def _spending(rows: pa.Table, sign: int, zone: tzinfo) -> Iterator[Command]:
    spend: dict[tuple[str, str], int] = {}
    priced = rows.select(["time", "cost_usd", "user", "model"]).filter(pc.greater(rows["cost_usd"], 0))
    for row in priced.to_pylist():
        date = utc_from_us(row["time"]).astimezone(zone).date().isoformat()
        names = ["helix:spend:total"]
        names += [f"helix:spend:{kind}:{row[kind]}" for kind in ("user", "model") if row[kind]]
        for name in names:
            spend[name, date] = spend.get((name, date), 0) + row["cost_usd"]
    for (name, date), pico in spend.items():
        yield "ZINCRBY", name, f"{Decimal(sign * pico) / PICO:f}", date


def _incidents(rows: pa.Table, zone: tzinfo) -> Iterator[Command]:
    """Types and counts only; the gateway's own entries also hold what was found, ours never do."""
    found = rows.select(["time", "user", "pii"]).filter(pc.is_valid(rows["pii"])).to_pylist()
    if found:
        yield "LPUSH", "helix:pii:incidents", *(msgspec.json.encode(_incident(row, zone)) for row in found)
        yield "LTRIM", "helix:pii:incidents", "0", str(MOST_INCIDENTS - 1)


def _incident(row: dict[str, Any], zone: tzinfo) -> dict[str, Any]:
    entities = (part.rpartition(":") for part in row["pii"].split(";"))
    at: datetime = utc_from_us(row["time"]).astimezone(zone)
    return {
        "user_id": row["user"] or "anonymous",
        "timestamp": at.replace(tzinfo=None).isoformat(timespec="milliseconds"),
        "action": "redacted",
        "entities": {entity: int(count) for entity, _, count in entities if count.isdigit()},
    }
