"""From recorder to figure on a real store: what was recorded is what is shown, to the last token."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from helix_dash.log.mirror import Mirror
from helix_dash.log.query import RequestLog
from helix_dash.log.schema import RequestRecord
from helix_dash.metrics.summary import kpis, summary
from helix_dash.model import EVERYTHING, CacheOutcome, Condition, Filter, Period, Scope, Slice, Sort, Status
from request_records import SHARDS, Folds, a_request, manifest, recorded

NOW = datetime.now(UTC)


def traffic(count: int, seed: int) -> list[RequestRecord]:
    """Calls of the last two days, of all kinds."""
    chance = random.Random(seed)
    return [
        a_request(
            time=NOW - timedelta(microseconds=chance.randrange(2 * 86_400 * 10**6)),
            call_id=f"{seed}-{number}",
            status=chance.choice(list(Status)),
            organization=chance.choice(["default", "acme"]),
            model=chance.choice(["gpt-4o", "claude", None]),
            user=f"user-{chance.randrange(20)}",
            cache=chance.choice([None, *CacheOutcome]),
            uncached_tokens=chance.randrange(5000),
            cached_tokens=chance.choice([None, 7]),
            visible_tokens=chance.randrange(900),
            cost_usd=Decimal(chance.randrange(10**9)).scaleb(-12),
            latency_ms=chance.randrange(60_000_000) / 1000,
            stream=True,
            ttft_ms=chance.randrange(1000) * 1.0,
        )
        for number in range(count)
    ]


def expected(records: list[RequestRecord]) -> dict[str, Any]:
    ok = sorted(record.latency_ms for record in records if record.status == Status.SUCCESS)
    return {
        "requests": len(records),
        "total_tokens": sum(r.uncached_tokens + (r.cached_tokens or 0) + r.visible_tokens for r in records),
        "cached_tokens": sum(r.cached_tokens or 0 for r in records),
        "cost_usd": sum(r.cost_usd for r in records),
        "errors": sum(r.status in ("error", "throttled", "blocked") for r in records),
        "cache_hits_semantic": sum(r.cache == "semantic" for r in records),
        "latency_ms_p95": ok[-(-95 * len(ok) // 100) - 1],
        "latency_ms_p50": ok[-(-50 * len(ok) // 100) - 1],
    }


def shown(log: RequestLog, where: Filter, scope: Scope = EVERYTHING) -> dict[str, Any]:
    found = summary(log, scope, where)
    return {name: getattr(found, name) for name in expected(traffic(9, 0))}


@pytest.fixture
def log(store_url: str, tmp_path: Path) -> RequestLog:
    return RequestLog(Mirror(store_url, tmp_path / "cache", shards=SHARDS), ZoneInfo("Europe/Berlin"), 1000)


def test_summary_page_and_export_agree_with_what_was_recorded(store_url: str, log: RequestLog) -> None:
    """The issue's second and third claim: one ledger, four ways to read it."""
    records, fold = traffic(3000, seed=1), Folds(store_url, retention_days=90)
    for start in range(0, 3000, 250):  # many small segments, then merged ones
        recorded(store_url, *records[start : start + 250])
        while fold.step().folded:
            pass
    log.mirror.sync()
    assert len(manifest(store_url)) < 12 or SHARDS > 1
    everything = Filter(Period(NOW - timedelta(days=3), NOW + timedelta(seconds=1)))
    assert shown(log, everything) == expected(records)
    assert shown(log, everything, Scope("acme")) == expected([r for r in records if r.organization == "acme"])

    tests = (Condition("model", "in", ("gpt-4o",)), Condition("status", "in", ("success", "error")))
    narrow = Filter(Period(NOW - timedelta(days=1), NOW), tests)
    kept = [
        r
        for r in records
        if r.model == "gpt-4o"
        and r.status in ("success", "error")
        and NOW - timedelta(days=1) <= r.time < NOW
    ]
    assert shown(log, narrow) == expected(kept)
    assert log.page(EVERYTHING, narrow, Sort(), Slice()).total == len(kept)
    batches = list(log.batches(EVERYTHING, narrow, ["call_id", "cost_usd"]))
    assert sorted(word for frame in batches for word in frame["call_id"]) == sorted(r.call_id for r in kept)
    assert Decimal(sum(frame["cost_usd"].sum() for frame in batches)).scaleb(-12) == sum(
        r.cost_usd for r in kept
    )
    dearest = log.page(EVERYTHING, narrow, Sort("cost_usd"), Slice(0, 5)).rows
    ranked = sorted(kept, key=lambda r: (-r.cost_usd, r.time))
    assert [row["call_id"] for row in dearest] == [r.call_id for r in ranked[:5]]


def test_a_record_delivered_twice_is_read_once(store_url: str, log: RequestLog) -> None:
    fold = Folds(store_url, retention_days=90)
    record = a_request(time=NOW, call_id="same")
    for _ in range(2):
        recorded(store_url, record, shard=0)
        fold.step()
    assert log.count(EVERYTHING, Filter(Period(NOW - timedelta(hours=1), NOW + timedelta(hours=1)))) == 1


def test_a_clock_an_hour_ahead_waits_for_its_time(store_url: str, tmp_path: Path) -> None:
    ahead = a_request(time=NOW + timedelta(hours=1))
    recorded(store_url, ahead, a_request(time=NOW))
    Folds(store_url, retention_days=90).step()
    where = Filter(Period(NOW - timedelta(hours=2), NOW + timedelta(hours=2)))
    mirror = Mirror(store_url, tmp_path / "cache", shards=SHARDS)
    for shift, count in ((0, 1), (3601, 2)):
        clock = round(NOW.timestamp() * 10**6) + shift * 10**6
        log = RequestLog(mirror, ZoneInfo("UTC"), 1000, now=lambda clock=clock: clock + 10**6)
        assert log.count(EVERYTHING, where) == count


def test_expired_rows_leave_the_page_and_stay_in_the_totals(store_url: str, log: RequestLog) -> None:
    old = [a_request(time=NOW - timedelta(days=20, minutes=n), call_id=f"old-{n}") for n in range(30)]
    recorded(store_url, *old, a_request(time=NOW, call_id="new"))
    fold = Folds(store_url, retention_days=10)
    where = Filter(Period(NOW - timedelta(days=30), NOW + timedelta(seconds=5)))
    deadline = time.monotonic() + 60
    while log.count(EVERYTHING, where) != 1 and time.monotonic() < deadline:
        fold.step()
        time.sleep(0.1)
        log.mirror.sync()
    assert log.count(EVERYTHING, where) == 1
    found = summary(log, EVERYTHING, where)
    assert (found.requests, found.cost_usd) == (31, Decimal("0.031"))


def test_cards_compare_with_the_period_before_and_carry_their_course(store_url: str, log: RequestLog) -> None:
    end = NOW + timedelta(seconds=1)
    recorded(
        store_url,
        *[a_request(time=NOW - timedelta(minutes=n)) for n in range(10)],
        *[a_request(time=NOW - timedelta(minutes=70 + n)) for n in range(4)],
    )
    Folds(store_url, retention_days=90).step()
    cards = {kpi.name: kpi for kpi in kpis(log, EVERYTHING, Filter(Period(end - timedelta(hours=1), end)))}
    assert (cards["requests"].value, cards["requests"].before) == (10, 4)
    assert sum(value for value in cards["requests"].trend if value) == 10
    assert (cards["cache_hit_rate"].value, cards["cache_hit_rate"].reason) == (
        None,
        "no request was eligible",
    )


def test_dropped_and_rejected_records_are_told(store_url: str, log: RequestLog) -> None:
    recorded(store_url, a_request(time=NOW))
    Folds(store_url, retention_days=90).step()
    found = summary(log, EVERYTHING, Filter(Period(NOW - timedelta(hours=1), NOW)))
    assert (found.dropped, log.health().rejected, log.health().behind) == (0, 0, 0)
