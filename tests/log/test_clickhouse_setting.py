"""LOG_BACKEND switches; nothing else changes."""

from __future__ import annotations

import pytest

from helix_dash.collector import duties
from helix_dash.context import open_log
from helix_dash.errors import SettingError
from helix_dash.log.clickhouse.log import ClickHouseLog
from helix_dash.settings import load

CLICKHOUSE = {"LOG_BACKEND": "clickhouse", "CLICKHOUSE_URL": "http://127.0.0.1:1/helix"}


def test_the_log_is_read_from_clickhouse_when_that_is_set() -> None:
    assert isinstance(open_log(load(CLICKHOUSE)), ClickHouseLog)


def test_the_log_is_read_from_the_mirror_by_default() -> None:
    assert not isinstance(open_log(load({})), ClickHouseLog)


def test_the_collector_loads_only_when_somebody_reads_it() -> None:
    assert "loader" in duties(load(CLICKHOUSE))
    assert "loader" not in duties(load({}))


@pytest.mark.parametrize(
    "environ",
    [
        {"LOG_BACKEND": "clickhouse"},
        {"LOG_BACKEND": "clickhouse", "CLICKHOUSE_URL": "clickhouse://127.0.0.1"},
        {"LOG_BACKEND": "duckdb"},
    ],
)
def test_a_backend_that_cannot_be_meant_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(SettingError):
        load(environ)
