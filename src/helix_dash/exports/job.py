"""The job that writes an export, in a Python of its own: it gets an order's id and the settings, nothing of the web app."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from helix_dash.context import open_log
from helix_dash.errors import ExportError, HelixError, NotFound
from helix_dash.exports import csv_table
from helix_dash.exports.folder import Folder, Order, Sidecar
from helix_dash.exports.pipeline import Sealed, one_ahead
from helix_dash.log.query import RequestLog
from helix_dash.model import Condition, Filter, Period, Scope, utc_from_us
from helix_dash.settings import Settings

SetProgress = Callable[[tuple[str]], None]

_HEARTBEAT = 1.0
_BETWEEN_PROGRESS = 0.3
_logger = logging.getLogger("helix_dash.exports")


def run_export(set_progress: SetProgress, settings: Settings, identity: str) -> dict[str, Any]:
    """Write the export that the order ``identity`` asks for; module-level, for a spawned process.

    Returns:
        ``{"state": "done", "id"}``, or ``{"state": "failed", "message"}``: never data.
    """
    folder = Folder(settings.export_dir)
    try:
        order = folder.order(identity)
    except NotFound as error:
        return {"state": "failed", "message": str(error)}
    try:
        set_progress(("Reading the log …",))
        write(folder, order, open_log(settings), set_progress)
    except HelixError as error:
        message = str(error)
    except OSError as error:
        message = f"The export could not be written: {error.strerror or type(error).__name__}."
    except Exception:
        # Dash would send the traceback to the browser.
        _logger.exception("export %s failed", identity)
        message = "The export failed. The reason is in the server's log."
    else:
        return {"state": "done", "id": identity}
    folder.drop(identity)
    return {"state": "failed", "message": message}


def write(folder: Folder, order: Order, log: RequestLog, set_progress: SetProgress) -> Sidecar:
    """Write the table and its sidecar.

    Raises:
        ExportError: it was cancelled.
        StoreUnavailable: the log could not be read.
        OSError: the disk is full, or worse.
    """
    sums, told = csv_table.Totals(), 0.0
    with (
        sign_of_life(folder, order.id) as alive,
        open(os.open(folder.part_file(order.id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        Sealed(file) as sealed,
    ):
        sealed.write(csv_table.header(order.columns))
        read = dict.fromkeys((*order.columns, *csv_table.TOTALED))  # totals are told of columns left out too
        for frame in one_ahead(log.batches(Scope(order.organization), filter_of(order), list(read))):
            if not alive():
                raise ExportError("Export cancelled.")
            sums.add(frame)
            csv_table.write_lines(csv_table.prepared(frame, order.columns), sealed)
            if time.monotonic() - told > _BETWEEN_PROGRESS:
                told = time.monotonic()
                set_progress((f"{sums.rows:,} of {order.total:,} rows",))
        sealed.finish()
        file.flush()
        os.fsync(file.fileno())
        sidecar = Sidecar(
            id=order.id,
            owner=order.owner,
            organization=order.organization,
            table=order.table,
            created=order.created,
            zone=order.zone,
            range=(order.start, order.end),
            filter=order.conditions,
            watermark=utc_from_us(order.watermark).isoformat(),
            columns=order.columns,
            rows=sums.rows,
            totals=sums.shown(),
            bytes=sealed.size,
            sha256=sealed.sha256,
        )
        folder.finish(sidecar)
    return sidecar


def filter_of(order: Order) -> Filter:
    """What the order asks for, as the log stood when it was placed: nothing ingested later."""
    period = Period(datetime.fromisoformat(order.start), datetime.fromisoformat(order.end))
    asked = [Condition(column, op, values) for column, op, values in order.conditions]  # type: ignore[arg-type]
    then = Condition("ingested", "lte", (utc_from_us(order.watermark).isoformat(),))
    return Filter(period, (*asked, then))


@contextmanager
def sign_of_life(folder: Folder, identity: str) -> Iterator[Callable[[], bool]]:
    """Touch the order every second; the function given says ``False`` once the order was taken away."""
    file, done, taken_away = folder.order_file(identity), threading.Event(), threading.Event()

    def beat() -> None:
        while not done.wait(_HEARTBEAT):
            try:
                os.utime(file)
            except FileNotFoundError:
                taken_away.set()
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield lambda: not taken_away.is_set() and file.exists()
    finally:
        done.set()
        thread.join()
