"""A recomputation of costs whose fold, or whose watcher, is killed at any step: every request gets its cost once."""

from __future__ import annotations

import signal
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import redis
from cutting_proxy import CuttingProxy
from test_fold_crash import folded_to_the_end, lease_expires, stopping_fold

from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.repricing import Job, Rule, Tally
from helix_dash.log.retention import Retention
from helix_dash.log.schema import PICO
from request_records import KEYS, a_request, client_of, folded_rows, recorded

pytestmark = pytest.mark.usefixtures("one_shard")
EACH = Decimal("0.00045")


def three_segments(url: str) -> None:
    for part in range(3):
        recorded(url, *[a_request(part * 10 + n, model="ours", cost_usd=None, priced=False) for n in range(4)])  # fmt: skip
        folded_to_the_end(url)


def ask(url: str, identity: str = "a") -> None:
    rule = Rule(0, "ours", {"uncached": "2.5", "visible": "10"}, "set by ada on 2026-11-22")
    with client_of(url) as store:
        seconds, micros = store.time()
        job = Job(identity, int(seconds) * 10**6 + int(micros), "2026-11-22", (rule,))
        store.set(KEYS.recompute, msgspec.json.encode(job))


def tally(store: redis.Redis) -> Tally | None:
    packed = store.get(KEYS.recomputed)
    return msgspec.json.decode(packed, type=Tally) if packed else None


def is_over(url: str, fold: Fold) -> Tally:
    with client_of(url) as store:
        while True:
            fold.step()
            found = tally(store)
            if found is not None and found.over:
                return found


@pytest.mark.parametrize("step", ["repriced", "committed", "published"])
def test_kill_9_at_any_step_gives_every_request_its_cost_once(store_url: str, step: str) -> None:
    """Fault 12: three folds die one after the other, each a segment further at most."""
    three_segments(store_url)
    ask(store_url)
    for _ in range(3):
        lease_expires(store_url)
        with stopping_fold(store_url, step, signal.SIGKILL) as fold:
            assert fold.wait(timeout=60) == -signal.SIGKILL
    lease_expires(store_url)
    found = is_over(store_url, Fold(store_url, retention=Retention(4000)))
    assert (found.requests, found.cost) == (12, 12 * EACH)
    assert [row["cost_usd"] for row in folded_rows(store_url)] == [int(EACH * PICO)] * 12


def test_a_step_whose_reply_was_cut_counts_once(store_server: EmbeddedStore, tmp_path: Path) -> None:
    """Fault 05: what was committed is found out from the store."""
    three_segments(store_server.url)
    ask(store_server.url)
    lease_expires(store_server.url)
    with CuttingProxy(tmp_path, str(store_server.socket)) as proxy:
        fold = Fold(proxy.url, retention=Retention(4000))
        fold.step()
        for _ in range(2):
            proxy.cut_after(b"EXEC")
            fold.step()
        found = is_over(store_server.url, fold)
    assert proxy.cuts == 2
    assert (found.requests, found.cost) == (12, 12 * EACH)
    assert len(folded_rows(store_server.url)) == 12
