"""A history that is interrupted goes on at the next start, and every request of it is in the log once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from helix_dash import traffic
from helix_dash.context import open_log
from helix_dash.log.keys import LogKeys
from helix_dash.metrics.summary import summary
from helix_dash.model import EVERYTHING, Filter, Period
from helix_dash.options import History
from helix_dash.query_params import parse_time
from helix_dash.settings import Settings
from helix_dash.sources import history
from helix_dash.stopping import Stop
from helix_dash.store import connect
from request_records import SHARDS, Folds, client_of
from webapp import settings_for

PAST = History(3, 4_000)


class StopsAfter(Stop):
    """Set when the importer has looked ``looks`` times."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._left = looks

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0 or super().is_set()


@pytest.fixture
def settings(store_url: str, tmp_path: Path) -> Settings:
    return settings_for(store_url, tmp_path, LOG_SHARDS=str(SHARDS))


def start(settings: Settings, stop: Stop | None = None, past: History = PAST) -> list[str]:
    """What a start of the simulator says, which writes a history and nothing live."""
    said: list[str] = []
    traffic.run(settings, seed=3, rate=0, past=past, seconds=None, stop=stop or Stop(), say=said.append)
    return said


def folded(settings: Settings) -> None:
    fold = Folds(settings.log_redis_url, retention_days=90)
    while fold.step().folded:
        pass
    fold.close()


def requests(settings: Settings) -> int | None:
    now = datetime.now(UTC)
    period = Period(parse_time("now-10d", UTC, now), now)
    return summary(open_log(settings), EVERYTHING, Filter(period)).requests


def test_it_goes_on_where_it_was_interrupted(settings: Settings) -> None:
    assert start(settings, StopsAfter(3))[-1] == "history: interrupted; the next start goes on with it"
    folded(settings)
    assert 0 < (requests(settings) or 0) < PAST.requests
    assert "going on after" in start(settings)[0]
    folded(settings)
    assert requests(settings) == PAST.requests


def test_what_was_sent_but_not_folded_yet_counts_once(settings: Settings) -> None:
    """As after a kill: the collector had no time to fold anything."""
    start(settings, StopsAfter(5))
    start(settings)
    folded(settings)
    assert requests(settings) == PAST.requests


def test_it_goes_on_as_it_was_begun_whatever_is_asked_for_now(settings: Settings) -> None:
    start(settings, StopsAfter(3))
    folded(settings)
    start(settings, past=History(1, 10))
    folded(settings)
    assert requests(settings) == PAST.requests


def test_a_finished_history_is_kept(settings: Settings) -> None:
    start(settings)
    folded(settings)
    assert start(settings) == ["history: kept, the log is not empty"]
    with connect(settings.log_redis_url) as store:
        assert history.unfinished(store) is None


def test_one_that_nobody_can_go_on_with_is_left_as_it_is(settings: Settings) -> None:
    """The fold forgets a producer after a week of silence: what has arrived of it cannot be told any more."""
    start(settings, StopsAfter(3))
    folded(settings)
    before = requests(settings)
    with connect(settings.log_redis_url) as store:
        asked = history.unfinished(store)
        assert asked is not None
    shard = asked.producer % SHARDS
    client_of(settings.log_redis_url, shard).hdel(LogKeys(shard).producers, f"{asked.producer:016x}")
    assert "left out" in start(settings)[0]
    folded(settings)
    assert requests(settings) == before
