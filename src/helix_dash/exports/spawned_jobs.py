"""Background jobs in a spawned Python.

Dash forks its jobs. polars hangs in a forked child of a process that has used it, and a forked child keeps
the listening socket open when its worker dies. A spawned one has neither fault; it ends with its worker.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import multiprocess
from dash import DiskcacheManager
from diskcache import Cache

Job = Callable[..., Any]

LOST = {"state": "failed", "message": "The export was interrupted. Please start it again."}
"""The result of a job whose process is gone without one."""


class SpawnedJobs(DiskcacheManager):  # type: ignore[misc]
    """Dash's manager on a local disk cache, with three things mended.

    - Jobs are spawned, and given ``lent`` as their first argument: what a job may know and a browser must not
      be asked for.
    - A result belongs to one asker: ``asker()`` is part of its key.
    - A job that died without a result has one all the same: :data:`LOST`.

    Args:
        cache: where results and progress are; shared by the workers of this host.
        lent: goes to every job; it must pickle.
        asker: one text per person who may read a result.
    """

    def __init__(self, cache: Cache, lent: object, asker: Callable[[], str]) -> None:
        super().__init__(cache)
        self._spawn = multiprocess.get_context("spawn")
        self._lent = lent
        self._asker = asker

    def build_cache_key(self, fn: Job, args: Any, cache_args_to_ignore: Any, triggered: Any) -> str:
        """As Dash builds it, for one asker."""
        key: str = super().build_cache_key(fn, [self._asker(), args], cache_args_to_ignore, triggered)
        return key

    def call_job_fn(self, key: str, job_fn: Job, args: Any, context: Any) -> int:  # noqa: ARG002
        """Start the job; its process id."""
        # The context holds the asker's cookies and headers; a job has no use for them.
        job: tuple[Any, ...] = (
            job_fn,
            key,
            self._make_progress_key(key),
            [self._lent, *args],
            {"updated_props": {}},
        )
        process = self._spawn.Process(target=_run, args=job, daemon=True)
        process.start()
        return int(process.pid)

    def get_result(self, key: str, job: str | None) -> Any:
        """The result; Dash's mark for "none yet" while the job lives; :data:`LOST` when it died without."""
        result = super().get_result(key, job)
        if result is not self.UNDEFINED or job is None or self.job_running(job):
            return result
        # It may have ended between the two looks.
        result = super().get_result(key, job)
        return LOST if result is self.UNDEFINED else result


def _run(job_fn: Job, key: str, progress_key: str, args: list[Any], context: dict[str, Any]) -> None:
    """The spawned process: the job, and a watch that ends it with its worker, however that dies."""
    parent = multiprocess.parent_process()

    def watch() -> None:
        parent.join()
        os._exit(70)

    threading.Thread(target=watch, daemon=True).start()
    job_fn(key, progress_key, args, context)
