"""WRITE_GATEWAY_KEYS: the gateway's own counters, kept up by the fold."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
import redis

from helix_dash.log.fold import Fold
from helix_dash.log.gateway_keys import GatewayKeys
from helix_dash.log.repricing import Job, Rule
from helix_dash.log.retention import Retention
from helix_dash.store import everywhere
from request_records import KEYS, NOON, a_request, recorded, stats

pytestmark = pytest.mark.usefixtures("one_shard")


@pytest.fixture
def store(store_url: str) -> Iterator[redis.Redis]:
    with everywhere(store_url) as client:
        yield client


def folding(url: str, *, same_store: bool = True, zone: str = "UTC") -> Fold:
    return Fold(
        url, retention=Retention(4000), gateway=GatewayKeys(url, ZoneInfo(zone), same_store=same_store)
    )


@pytest.mark.parametrize("same_store", [True, False])
def test_requests_hits_and_spend_are_counted(store_url: str, store: redis.Redis, same_store: bool) -> None:
    recorded(
        store_url,
        a_request(cost_usd=Decimal("0.25"), cache="exact"),
        a_request(cost_usd=Decimal("0.5"), user=None, cache="miss"),
        a_request(cost_usd=None, priced=False, cache="semantic"),
    )
    folding(store_url, same_store=same_store).step()
    assert (store.get("helix:requests:total"), store.get("helix:requests:cache_hits")) == (b"3", b"2")
    assert store.zscore("helix:spend:total", "2026-03-10") == 0.75
    assert store.zscore("helix:spend:user:ada", "2026-03-10") == 0.25
    assert store.zscore("helix:spend:model:gpt-4o", "2026-03-10") == 0.75


def test_spend_belongs_to_the_day_of_the_reporting_zone(store_url: str, store: redis.Redis) -> None:
    recorded(store_url, a_request(time=NOON.replace(hour=23, minute=30)))
    folding(store_url, zone="Europe/Berlin").step()
    assert [date for date, _ in store.zrange("helix:spend:total", 0, -1, withscores=True)] == [b"2026-03-11"]


def test_a_replaced_record_is_taken_back_before_the_richer_one_counts(
    store_url: str, store: redis.Redis
) -> None:
    fold = folding(store_url)
    recorded(store_url, a_request(call_id="c", cost_usd=Decimal("0.25")))
    fold.step()
    recorded(store_url, a_request(call_id="c", cost_usd=Decimal("0.5"), team="blue"))
    fold.step()
    assert store.get("helix:requests:total") == b"1"
    assert store.zscore("helix:spend:total", "2026-03-10") == 0.5


def test_an_incident_names_types_and_counts_and_nothing_else(store_url: str, store: redis.Redis) -> None:
    recorded(store_url, a_request(pii={"EMAIL": 2, "PHONE": 1}))
    folding(store_url).step()
    (incident,) = (msgspec.json.decode(item) for item in store.lrange("helix:pii:incidents", 0, -1))
    assert incident == {
        "user_id": "ada",
        "timestamp": "2026-03-10T12:00:00.000",
        "action": "redacted",
        "entities": {"EMAIL": 2, "PHONE": 1},
    }


def test_a_gateway_key_of_the_wrong_type_does_not_stop_the_log(store_url: str, store: redis.Redis) -> None:
    """Fault 13."""
    store.rpush("helix:requests:total", "not a number")
    recorded(store_url, a_request())
    fold = folding(store_url)
    assert fold.step().folded == 1
    assert fold.step().leader
    assert stats(store_url)["folded"] == 1
    assert store.xlen(KEYS.stream) == 0


@pytest.mark.parametrize("same_store", [True, False])
def test_a_cost_that_is_computed_afterwards_counts_and_is_taken_back(
    store_url: str, store: redis.Redis, same_store: bool
) -> None:
    """The counters stay the log's sums, and a record that is replaced takes away what it had added."""
    fold = folding(store_url, same_store=same_store)
    recorded(store_url, a_request(cost_usd=None, priced=False), a_request(1, cost_usd=Decimal("0.25")))
    fold.step()
    rule = Rule(0, "gpt-4o", {"uncached": "2500", "visible": "0"}, "set by ada on 2026-11-22")
    spent = []
    for back in (False, True):
        seconds, micros = store.time()
        job = Job(str(back), int(seconds) * 10**6 + int(micros), "2026-11-22", (rule,), back=back)
        store.set(KEYS.recompute, msgspec.json.encode(job))
        fold.step()
        spent.append([store.zscore(f"helix:spend:{name}", "2026-03-10") for name in ("total", "user:ada", "model:gpt-4o")])  # fmt: skip
    assert spent == [[0.5] * 3, [0.25] * 3]
    assert store.get("helix:requests:total") == b"2"
