"""The orders that give requests a cost afterwards, and take it back: the folds of all shards do it, this watches them.

An order names the model and the organization it is about, its day, and the prices
(:class:`helix_dash.log.repricing.Rule`). It lasts: whichever collector leads next goes on watching, and asks a shard
only once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from helix_dash.errors import HelixError, StoreUnavailable
from helix_dash.log.repricing import Job, Tally
from helix_dash.log.rewriting import opened, pack
from helix_dash.log.shard import Shard
from helix_dash.orders.kinds import RECOMPUTE, TAKE_BACK
from helix_dash.orders.performer import Later, Perform, Task
from helix_dash.store import reaching

LASTING = frozenset({RECOMPUTE, TAKE_BACK})


class Receipt(msgspec.Struct, frozen=True):
    """What was done, in all shards together.

    Args:
        requests: how many got a cost, or lost the one that was computed.
        cost: their dollars, exact, as a decimal text.
        first, last: when the first and the last of them ended, microseconds; ``None`` when there were none.
        left: unpriced requests of what was asked that stay so: no price is theirs.
        expired: unpriced requests that stay so because only their totals are kept.
    """

    requests: int
    cost: str
    first: int | None
    last: int | None
    left: int
    expired: int


class Impossible(HelixError):
    """An order that cannot be carried out; the text says why."""


def recompute_orders(url: str, shards: int) -> dict[str, Perform]:
    """The two kinds, and what performs each on the log at ``url``."""
    parts = functools.cache(lambda: [Shard(url, number) for number in range(shards)])
    return {kind: lambda task: look(parts, task) for kind in LASTING}


def look(open_shards: Callable[[], Sequence[Shard]], task: Task) -> Receipt | Later:
    """Ask the shards that were not asked yet, and tell how far they are.

    Raises:
        Impossible: the order cannot be read, a later one came before it, or a fold said that it cannot be done.
    """
    job = _job(task)
    try:
        with reaching():
            shards = open_shards()
            found = [opened(shard.noted()) for shard in shards]
            if any(_is_busy(asked, tally, job.id) for asked, tally in found):
                return Later(0, None, "Waits for the recomputation before it")
            if any(
                asked is not None and asked.id != job.id and asked.until > job.until for asked, _ in found
            ):
                raise Impossible("A later order was carried out before this one came to its end. What was done of it stays done.")  # fmt: skip
            for shard, (asked, _) in zip(shards, found, strict=True):
                if asked is None or asked.id != job.id:
                    shard.ask(pack(job))
    except StoreUnavailable as error:
        return Later(task.order.done, task.order.total, str(error))
    tallies = [tally for _, tally in found if tally is not None and tally.id == job.id]
    failed = next((tally.failed for tally in tallies if tally.failed), "")
    if failed:
        raise Impossible(failed)
    if len(tallies) == len(shards) and all(tally.over for tally in tallies):
        return _receipt(tallies)
    return _progress(tallies, len(shards))


def _job(task: Task) -> Job:
    order = task.order
    given = {"id": order.id, "until": order.asked, "back": order.kind == TAKE_BACK}
    try:
        return msgspec.convert(order.what | given, Job)
    except msgspec.ValidationError as error:
        raise Impossible("The order cannot be read.") from error


def _is_busy(asked: Job | None, tally: Tally | None, mine: str) -> bool:
    """Whether a shard is at another job."""
    if asked is None or asked.id == mine:
        return False
    return tally is None or tally.id != asked.id or not tally.over


def _progress(tallies: Sequence[Tally], shards: int) -> Later:
    looked, of = sum(one.looked for one in tallies), sum(one.of for one in tallies)
    if not tallies:
        return Later(0, None, "Waits for the log's fold")
    requests, cost = sum(one.requests for one in tallies), _sum(tallies)
    said = f"{looked:,} of {of:,} parts of the log looked at, {requests:,} requests changed, ${cost:f}"
    return Later(looked, of if len(tallies) == shards else None, said)


def _receipt(tallies: Sequence[Tally]) -> Receipt:
    firsts = [one.first for one in tallies if one.first is not None]
    lasts = [one.last for one in tallies if one.last is not None]
    return Receipt(
        requests=sum(one.requests for one in tallies),
        cost=f"{_sum(tallies):f}",
        first=min(firsts, default=None),
        last=max(lasts, default=None),
        left=sum(one.left for one in tallies),
        expired=sum(one.expired for one in tallies),
    )


def _sum(tallies: Sequence[Tally]) -> Decimal:
    return sum((one.cost for one in tallies), Decimal(0)).normalize()
