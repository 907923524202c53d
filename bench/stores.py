"""Stores of the benchmark's own, in its temporary folder, and the log that is put into them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench import peer_hashes, peer_redisearch
from bench.dataset import Traffic
from bench.questions import COLUMNS, Asked
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.shard import Change, Shard, seal
from helix_dash.store import connect


class ModuleStore(EmbeddedStore):
    """A store with a module, and without a file: a peer's index is made once and thrown away."""

    def __init__(self, folder: Path, module: Path) -> None:
        super().__init__(folder)
        self._module = module

    def _options(self) -> list[str]:
        return [*super()._options(), "--appendonly", "no", "--loadmodule", str(self._module)]


class Log:
    """A log of ``traffic`` in ``store``, sealed and committed by the product's own code, and the same as Parquet."""

    def __init__(self, store: EmbeddedStore, parquet: Path, traffic: Traffic) -> None:
        self.store, self.parquet, self.traffic = store, parquet, traffic
        self.asked = Asked(traffic.count, traffic.now)
        parquet.mkdir(parents=True)

    def fill(self, hashes: EmbeddedStore | None, indexed: EmbeddedStore | None) -> None:
        """Make the requests and put them into the log, into Parquet files and into the peers' stores."""
        shard = Shard(self.store.url)
        state = shard.take_over()
        for number, table in enumerate(self.traffic.tables()):
            now = table["ingested"][-1].as_py()
            change = Change(added=[seal(table, level=3, now=now)], counters={"folded": table.num_rows})
            shard.commit(state, change)
            words = plain(table)
            pq.write_table(words.select(COLUMNS), self.parquet / f"{number:06d}.parquet", compression="zstd")
            if hashes:
                peer_hashes.load(hashes.url, words, self.asked)
            if indexed:
                peer_redisearch.load(indexed.url, words)
        now = self.traffic.now
        shard.commit(state, Change(coverage=[(self.asked.month[0], now)], heartbeat=now))


def plain(table: pa.Table) -> pa.Table:
    """``table`` with its words written out."""
    return pa.table({
        name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    })  # fmt: skip


def used_memory(url: str) -> int:
    """Bytes that the store at ``url`` has in use."""
    client: Any = connect(url, timeout=60)
    return int(client.info("memory")["used_memory"])


def server_cpu(url: str) -> float:
    """CPU seconds that the store at ``url`` has spent since its start, in all its threads."""
    client: Any = connect(url, timeout=60)
    spent = client.info("cpu")
    return float(spent["used_cpu_sys"]) + float(spent["used_cpu_user"])
