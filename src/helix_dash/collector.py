"""The collector process: everything that happens once for all viewers.

Each duty runs in a thread of its own until the process is asked to stop. Several collectors may run: each
duty elects its own leader.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import redis

from helix_dash.errors import SettingError, StoreUnavailable
from helix_dash.redaction.masking import Engine
from helix_dash.redaction.recognizers import find
from helix_dash.settings import Settings
from helix_dash.stopping import Stop

if TYPE_CHECKING:
    from helix_dash.samples.writer import SampleWriter

Duty = Callable[[threading.Event], None]
"""Works until the event is set; survives outages of what it depends on."""

HEARD = 1.0
"""Seconds after which a signal is heard at the latest."""

logger = logging.getLogger("helix_dash.collector")


def check_shards(settings: Settings) -> None:
    """Refuse to fold a part of the log as if it were the whole. A store that is away is not asked: readers ask, too.

    Raises:
        SettingError: LOG_SHARDS was lowered.
    """
    from helix_dash.log.source import fewer_shards_than_there_are

    try:
        wrong = fewer_shards_than_there_are(settings.log_redis_url, settings.log_shards)
    except (redis.RedisError, StoreUnavailable):
        return
    if wrong:
        raise SettingError(wrong)


def duties(settings: Settings) -> Mapping[str, Duty]:
    """What a collector does, by name."""
    # One thread for polars: the fold shares its host with web workers, and polars reads this at its import.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    from helix_dash.log.fold import Fold
    from helix_dash.log.gateway_keys import GatewayKeys
    from helix_dash.log.retention import Retention

    gateway = None
    if settings.write_gateway_keys:
        same_store = settings.redis_url == settings.log_redis_url
        gateway = GatewayKeys(settings.redis_url, settings.zone, same_store=same_store)
    retention = Retention(settings.log_retention_days, settings.log_retention_rows)
    folds = [
        Fold(
            settings.log_redis_url,
            shard=shard,
            retention=retention.of_shard(settings.log_shards),
            gateway=gateway,
        )
        for shard in range(settings.log_shards)
    ]
    work: dict[str, Duty] = {f"fold {shard}": fold.run for shard, fold in enumerate(folds)}
    if settings.log_backend == "clickhouse":
        from helix_dash.log.clickhouse.database import Database
        from helix_dash.log.clickhouse.loader import Loader

        database = Database.at(settings.clickhouse_url)
        work["loader"] = Loader(settings.log_redis_url, database, shards=settings.log_shards).run
    return work | _asking(settings)


def _asking(settings: Settings) -> dict[str, Duty]:
    """The duties that ask the gateway's store and other servers, as far as settings name some."""
    from helix_dash.orders.performer import DUTY, Performer
    from helix_dash.orders.recompute import LASTING, recompute_orders
    from helix_dash.redaction.rules import rules
    from helix_dash.samples.writer import SampleWriter
    from helix_dash.sources.gateway import questions as gateway
    from helix_dash.sources.gateway import traces
    from helix_dash.sources.gateway.cache_orders import cache_orders
    from helix_dash.sources.polling import Poller
    from helix_dash.store import connect, everywhere

    store = connect(settings.log_redis_url)
    writer = SampleWriter(settings.log_redis_url)
    gateways = functools.cache(lambda: everywhere(settings.redis_url))
    asked_gateway = gateway.questions(gateways, settings.zone, lambda: rules(store), _engine(settings))
    simulated = settings.simulate_gateway
    asking = Poller(gateway.SOURCE, asked_gateway, store, writer, mock=simulated)
    kinds = cache_orders(gateways, settings.zone) | traces.performers(gateways, settings.zone)
    kinds |= recompute_orders(settings.log_redis_url, settings.log_shards)
    work: dict[str, Duty] = {gateway.SOURCE: asking.run, DUTY: Performer(store, kinds, LASTING).run}
    work |= _watching(settings, store, writer)
    if settings.api_url:
        from helix_dash.sources.fakeai.duties import fakeai_duties

        work |= fakeai_duties(settings, store, writer)
    if settings.kv_metrics_urls:
        from helix_dash.sources.kv_metrics import SOURCE, questions

        asked = questions(settings.kv_metrics_urls)
        work[SOURCE] = Poller(SOURCE, asked, store, writer).run
    return work


def _watching(settings: Settings, store: redis.Redis, writer: SampleWriter) -> dict[str, Duty]:
    """The duties that watch: this host, the stores and services, and this process itself."""
    from helix_dash.sources import host, system
    from helix_dash.sources.polling import Poller

    here = host.question((settings.data_dir, settings.cache_dir))
    asked = system.questions(settings, store, writer.now)
    return {
        host.SOURCE: Poller(host.SOURCE, [here], store, writer, duty=f"host.{here.name}").run,
        system.SOURCE: Poller(system.SOURCE, asked, store, writer).run,
        "pulse": functools.partial(_alive, settings),
    }


def _alive(settings: Settings, stop: threading.Event) -> None:
    """Say that this process lives, and send what it logs to the store, until ``stop``."""
    from helix_dash.vitals.lines import listen
    from helix_dash.vitals.pulse import Pulse

    lines, pulse = listen(settings.log_redis_url, "collector"), Pulse(settings.log_redis_url, "collector")
    pulse.start()
    stop.wait()
    pulse.stop()
    lines.close()


def _engine(settings: Settings) -> Engine:
    """What recognises personal data; made here, so that a missing extra is said at the start."""
    if settings.pii_engine == "presidio":
        from helix_dash.redaction.presidio import presidio

        return presidio()
    return find


def run(work: Mapping[str, Duty], stop: Stop) -> int:
    """Performs all duties until ``stop``; returns the exit code.

    A duty that ends by itself has failed in a way it could not survive. The process then ends too, with 1, so
    that whatever supervises it starts it afresh: half a collector would look healthy and not be.
    """
    failed: list[str] = []

    def perform(name: str, duty: Duty) -> None:
        try:
            duty(stop)
        except Exception:
            logger.exception("%s failed", name)
        finally:
            if not stop.is_set():
                failed.append(name)
                stop.set()

    threads = [threading.Thread(target=perform, args=item, name=item[0]) for item in work.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        # Looked at again and again: a signal that comes just before a wait begins is heard when that wait ends.
        while thread.is_alive():
            thread.join(HEARD)
    return 1 if failed else stop.exit_code
