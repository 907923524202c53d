"""Steps a loader over an engine in this process's folder, and stops dead where it is told to.

Run as: python loader_that_stops.py <store url> <engine folder> [inserted|noted]; prints what readers see, as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC

import clickhouse_connect

from helix_dash.log.clickhouse.database import Database
from helix_dash.log.clickhouse.loader import Loader
from helix_dash.log.clickhouse.log import ClickHouseLog
from helix_dash.log.clickhouse.tables import ROWS
from helix_dash.log.clickhouse.view import LoadedView
from helix_dash.model import EVERYTHING, Filter, Period, utc_from_us


def main(url: str, folder: str, stop_at: str = "") -> None:
    def pause(step: str) -> None:
        if step == stop_at:
            os.kill(os.getpid(), signal.SIGKILL)

    database = Database(lambda: clickhouse_connect.get_client(interface="chdb", path=folder))
    loader = Loader(url, database, owner="the only one", pause=pause)
    while not loader.step():
        pass
    view = LoadedView(url, database)
    view.sync()
    log = ClickHouseLog(view, UTC, 1000)
    ever = Filter(Period(utc_from_us(0), utc_from_us(2**51)))
    frames = list(log.batches(EVERYTHING, ever, ["producer", "seq", "cost_usd"]))
    seen = {
        "total": log.count(EVERYTHING, ever),
        "cost": str(log.totals(EVERYTHING, ever, ["cost_usd"])["cost_usd"]),
        "rows": [
            f"{line[0]}-{line[1]}" for frame in frames for line in frame.select("producer", "seq").iter_rows()
        ],
        "held": database.ask(f"SELECT count() AS n FROM {ROWS}")["n"][0].as_py(),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
