"""The whole way over HTTP: loader, bound values in the address and as form data, errors with their number."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from reading import DAY, HOUR, NOW, over, row
from sealed import Loaded, Sealed

from helix_dash.collector import duties
from helix_dash.context import open_log
from helix_dash.errors import StoreUnavailable
from helix_dash.log.clickhouse.database import Bound, Database
from helix_dash.log.follow import Follower
from helix_dash.log.query import RequestLog
from helix_dash.log.recorder import Recorder
from helix_dash.log.schema import RequestRecord
from helix_dash.model import EVERYTHING, Condition, Filter, Period, Slice, Sort, Status
from helix_dash.settings import load


@pytest.fixture
def served(new_database: Callable[[], Database]) -> Iterator[Any]:
    from clickhouse_over_http import serving

    path = new_database().ask("SELECT value FROM system.server_settings WHERE name = 'path'")
    with serving(path["value"][0].as_py()) as server:
        yield server


@pytest.fixture
def database(served: Any) -> Iterator[Database]:
    served.engine.query("CREATE DATABASE IF NOT EXISTS over_http", "TSV")
    found = Database.at(f"http://helix:secret@127.0.0.1:{served.server_port}/over_http")
    yield found
    found.close()
    served.engine.query("DROP DATABASE over_http", "TSV")


def test_a_log_is_loaded_and_read_over_http(store_url: str, database: Database, served: Any) -> None:
    users = [f"user {number}: it's 100%\\" for number in range(400)]
    sealed = Sealed(store_url)
    sealed.hold([[row(NOW - HOUR + place, user=user, latency_ms=place) for place, user in enumerate(users)]])
    log = Loaded(store_url, database).log(points=2000)
    where = over(NOW - DAY, NOW, Condition("user", "in", tuple(users)))
    page = log.page(EVERYTHING, where, Sort("user", descending=False), Slice(0, 400))
    assert [line["user"] for line in page.rows] == sorted(users)
    found = log.series(EVERYTHING, where, ["user"], "minute", ["requests", "latency_ms_p95"])
    assert sum(filter(None, (value for line in found.values["requests"] for value in line))) == 400
    assert sum(frame.height for frame in log.batches(EVERYTHING, where, ["user"])) == 400
    assert all("it's" not in given.get("query", "") for given in served.asked)


def test_a_refusal_is_told_with_its_number_and_without_the_question(database: Database) -> None:
    bound = Bound()
    with pytest.raises(StoreUnavailable, match=r"ClickHouse did not answer \(error 60\)\."):
        database.ask(f"SELECT * FROM nowhere WHERE x = {bound('private', 'String')}", bound)


def test_what_is_recorded_is_soon_read_from_clickhouse(
    store_url: str, database: Database, served: Any
) -> None:
    """Recorder, fold, loader and follower, as the processes of a deployment run them."""
    settings = load(
        {
            "REDIS_URL": store_url,
            "LOG_BACKEND": "clickhouse",
            "CLICKHOUSE_URL": f"http://helix:secret@127.0.0.1:{served.server_port}/over_http",
        }
    )
    stop = threading.Event()
    threads = [threading.Thread(target=duty, args=(stop,)) for duty in duties(settings).values()]
    log = open_log(settings)
    follower = Follower(log)
    now = datetime.now(UTC)
    day = Filter(Period(now - timedelta(days=1), now + timedelta(minutes=1)))
    recorder = Recorder(store_url)
    try:
        for thread in threads:
            thread.start()
        follower.start()
        for number in range(500):
            at = now - timedelta(seconds=number)
            recorder.record(
                RequestRecord(time=at, status=Status.SUCCESS, source="test", cost_usd=Decimal("0.001"))
            )
        assert recorder.flush(30) == 0
        until = time.monotonic() + 60
        while time.monotonic() < until and _count(log, day) < 500:
            time.sleep(0.2)
        assert _count(log, day) == 500
        assert log.totals(EVERYTHING, day, ["cost_usd"])["cost_usd"] == Decimal("0.5")
        assert log.health().store_ok
    finally:
        stop.set()
        recorder.close()
        follower.stop()
        for thread in threads:
            thread.join()


def _count(log: RequestLog, where: Filter) -> int:
    try:
        return log.count(EVERYTHING, where)
    except StoreUnavailable:
        return 0  # the collector has not made the tables yet
