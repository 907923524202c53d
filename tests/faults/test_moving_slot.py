"""A slot of the cluster moves to another node while its shard is written to and folded. `make test-cluster` runs it."""

from __future__ import annotations

import os
import threading
from collections import Counter

import pytest
from redis.crc import key_slot

from helix_dash.log.fold import Fold
from helix_dash.log.recorder import Recorder
from helix_dash.log.retention import Retention
from request_records import KEYS, a_request, folded_rows, stats
from several_servers import HOST, Cluster, Server, until

pytestmark = pytest.mark.skipif(
    os.environ.get("HELIX_TEST_STORE") != "cluster", reason="needs a cluster: make test-cluster"
)

COUNT = 2_000


def move(slot: int, source: Server, target: Server, everybody: list[Server]) -> None:
    """What ``redis-cli --cluster reshard`` does for one slot."""
    here, there = source.client(), target.client()
    source_id, target_id = (client.execute_command("CLUSTER MYID").decode() for client in (here, there))
    there.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", source_id)
    here.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", target_id)
    while keys := here.execute_command("CLUSTER GETKEYSINSLOT", slot, 10):
        here.migrate(HOST, target.port, keys, 0, 5000)
    for node in [target, source, *everybody]:
        node.client().execute_command("CLUSTER SETSLOT", slot, "NODE", target_id)


def test_a_shard_follows_its_slot_and_nothing_is_lost_or_doubled(store_server: Cluster) -> None:
    slot = key_slot(KEYS.tag.encode())
    ranges = store_server.nodes[0].client().execute_command("CLUSTER SLOTS")
    port = next(primary[1] for first, last, primary, *_ in ranges if first <= slot <= last)
    source = next(node for node in store_server.nodes if node.port == port)
    target = next(node for node in store_server.nodes if node.port != port)
    stop = threading.Event()
    folding = threading.Thread(target=Fold(store_server.url, retention=Retention(4000)).run, args=(stop,))
    folding.start()
    recorder = Recorder(store_server.url, shard=0)
    try:
        for number in range(COUNT):
            assert recorder.record(a_request(call_id=f"call-{number}"))
            if number == COUNT // 2:
                move(slot, source, target, store_server.nodes)
        assert recorder.close(timeout=60) == 0
        until(lambda: stats(store_server.url)["folded"] >= COUNT, "the fold to follow")
        assert target.client().exists(KEYS.manifest)
    finally:
        stop.set()
        folding.join(timeout=30)
        move(slot, target, source, store_server.nodes)
    assert set(Counter(row["call_id"] for row in folded_rows(store_server.url)).values()) == {1}
    assert len(folded_rows(store_server.url)) == COUNT
