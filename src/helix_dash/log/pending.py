"""How many requests wait in the store for the fold. Light: the recorder asks it inside gateways."""

from __future__ import annotations

from typing import Any

from helix_dash.log.keys import LogKeys


def tell_sent(client: Any, keys: LogKeys, producer: int, sequence: int) -> None:
    """Tell that the store has all of ``producer``'s records up to ``sequence``. To tell it twice does no harm.

    Raises:
        redis.RedisError: the store did not answer.
    """
    client.hset(keys.sent, f"{producer:016x}", sequence)


def waiting(client: Any, keys: LogKeys) -> int:
    """Requests of one shard that wait for its fold.

    An entry of the stream is one request at least; how many more is known from what producers have told about
    themselves (recorders do, once a second) and from how far each of them is folded.

    Raises:
        redis.RedisError: the store did not answer.
    """
    with client.pipeline(transaction=False) as pipe:
        pipe.hgetall(keys.sent)
        pipe.xlen(keys.stream)
        sent, entries = pipe.execute()
    known = {name: int(value) for name, value in sent.items() if value.isdigit()}
    folded = client.hmget(keys.producers, list(known)) if known else []
    highest = (int((value or b"0").partition(b":")[0]) for value in folded)
    return max(
        int(entries), sum(max(0, told - seen) for told, seen in zip(known.values(), highest, strict=True))
    )
