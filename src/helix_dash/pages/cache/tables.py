"""The tables of what totals and the gateway tell: bypass, the gateway's count, its entries, what was ordered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from helix_dash import context
from helix_dash.log.query import Number
from helix_dash.metrics.cache_gateway import CacheEntry, GatewayCache
from helix_dash.model import utc_from_us
from helix_dash.orders.book import Order
from helix_dash.pages.cache.controls import PERMISSION, described
from helix_dash.pages.cache.queries import Cache
from helix_dash.samples.sources import CACHE_EVICT, CACHE_PROBE
from helix_dash.ui import format as fmt
from helix_dash.ui import panel, rows
from helix_dash.ui.look import Look, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message
from helix_dash.ui.table import Field

LISTED, LARGEST, ORDERED = 20, 10, 8

BYPASS = (
    Field("why", "Why the cache was not engaged"),
    Field("requests", "Requests", bar=True),
    Field("cost", "Cost", unknown="no request has a known price"),
)
COUNT = (
    Field("gateway", "Gateway, all time", unknown="the gateway has no such key"),
    Field("grown", "Gateway, while watched", unknown="it was not watched in this period"),
    Field("log", "Log, the same time", unknown="nothing was recorded, or it was not watched"),
    Field("difference", "Difference", unknown="one of the two is not known"),
)
ENTRIES = (
    Field("level", "Level"),
    Field("model", "Model", unknown="the entry does not say"),
    Field("owner", "Written by", unknown="the entry does not say"),
    Field("created", "Written", unknown="the entry does not say, or not believably"),
    Field("hits", "Hits", unknown="the entry does not count"),
    Field("ends", "Expires in"),
    Field("size", "Size", unknown="the store does not tell"),
)
LARGE = (Field("size", "Size", bar=True), *ENTRIES[:-1])
EVICT = Field("evict", "")
TEXTS = ("level", "model", "owner", "created", "evict")
ORDERS = (
    Field("what", "What"),
    Field("by", "Ordered by"),
    Field("state", "State"),
    Field("receipt", "Receipt"),
)
STATES = {"waiting": "none", "working": "info", "done": "good", "failed": "bad"}


def bypass(found: Cache, look: Look) -> Updates:
    """Requests that never asked the cache, and why."""
    name, subtitle = "cache-bypass", "By kind of call; a bypassed request is in no hit rate"
    if not found.bypass:
        any_of_them = any(found.timeline.values["requests"][0])
        words = Message("empty", "Every request asked the cache", f"in {fmt.these(look.period)}.") if any_of_them else nothing("requests", look)  # fmt: skip
        return panel.says(name, words) | {f"{name}.subtitle": subtitle}
    top = found.bypass[0].requests
    lines = [
        rows.Line(
            one.endpoint or "Unknown kind",
            {"why": one.why, "requests": fmt.short(one.requests, "count"), "cost": fmt.short(one.cost_usd, "usd")},
            ("endpoint", one.endpoint or ""),
            share=one.requests / top,
        )
        for one in found.bypass
    ]  # fmt: skip
    ready = panel.ready(name, stale=look.stale, subtitle=subtitle)
    return ready | rows.fill(name, "Kind of call", BYPASS, lines, texts=("why",))


def count(found: Cache, look: Look) -> Updates:
    """The gateway's counters beside the log."""
    name, told, log = "cache-count", found.gateway, found.counted
    if told is None or told.answer is None:
        words = Message("empty", "The gateway has not been asked", "The collector reads its keys every minute. Is one running?")  # fmt: skip
        return panel.says(name, words) | {f"{name}.subtitle": ""}
    hits = [log.get(one) for one in ("cache_hits_exact", "cache_hits_semantic")]
    logged_hits: Number = None if None in hits else sum(one or 0 for one in hits)
    requests, grown = log.get("requests"), (told.requests_grown, told.hits_grown)
    lines = [
        _compared("Requests", told.requests, grown[0], requests),
        _compared("Hits, exact or semantic", told.hits, grown[1], logged_hits),
        rows.Line(
            "Hit rate, of all requests",
            {
                "gateway": fmt.share(told.hits, told.requests),
                "grown": fmt.share(grown[1], grown[0]),
                "log": fmt.share(logged_hits, requests),
                "difference": fmt.UNKNOWN,
            },
        ),
    ]
    watched = (
        f"watched since {when(told.since, look)}" if told.since is not None else "not watched in this period"
    )
    subtitle = f"helix:requests:total and :cache_hits count failures and bypassed requests too · {watched}, read every 10 s"
    ready = panel.ready(name, stale=not told.answer.ok, subtitle=subtitle)
    return ready | rows.fill(name, "", COUNT, lines)


def _compared(words: str, ever: Number, grown: Number, log: Number) -> rows.Line:
    apart = None if grown is None or log is None else grown - log
    sign = "+" if apart is not None and apart > 0 else ""
    return rows.Line(
        words,
        {
            "gateway": fmt.short(ever, "count"),
            "grown": fmt.short(grown, "count"),
            "log": fmt.short(log, "count"),
            "difference": fmt.UNKNOWN if apart is None else sign + fmt.short(apart, "count"),
        },
    )


def entries(found: Cache, look: Look) -> Updates:
    """Some entries, one by one, and the largest; never a text of theirs."""
    told = found.gateway
    if told is None or told.answer is None:
        words = Message("empty", "The gateway has not been asked", "The collector reads its keys every minute. Is one running?")  # fmt: skip
        return _both(words, "")
    subtitle = _index_words(told)
    if not told.entries:
        words = Message("empty", "The cache is empty", "No key of an entry was found in the gateway's store.")
        if not told.answer.ok:
            words = Message("empty", "No entries are known", "The gateway's store has not answered yet.")
        return _both(words, subtitle)
    ranked = sorted(told.entries, key=lambda one: (-(one.hits or 0), -(one.created or 0), one.key))[:LISTED]
    allowed = context.may(PERMISSION)
    fields = (*ENTRIES, EVICT) if allowed else ENTRIES
    more = f"{len(ranked)} of {told.total or len(told.entries):,}, those with most hits of a sample first. "
    shared = f" {told.inside:,} exact ones share the hash helix:exact:cache." if told.inside else ""
    ready = panel.ready("cache-entries", stale=not told.answer.ok, subtitle=more + subtitle + shared)
    lines = [_entry(one, look, allowed=allowed) for one in ranked]
    return ready | rows.fill("cache-entries", "Key", fields, lines, texts=TEXTS) | _largest(told, look, allowed=allowed)  # fmt: skip


def _both(words: Message, subtitle: str) -> Updates:
    updates: Updates = {}
    for name in ("cache-entries", "cache-largest"):
        updates |= panel.says(name, words) | {f"{name}.subtitle": subtitle if name == "cache-entries" else ""}
    return updates


def _largest(told: GatewayCache, look: Look, *, allowed: bool) -> Updates:
    """The entries that take most, and of how many they are the largest."""
    name, shown = "cache-largest", told.largest[:LARGEST]
    if not shown:
        words = Message("empty", "No sizes are known", "The gateway's store does not tell what an entry takes.")  # fmt: skip
        return panel.says(name, words) | {f"{name}.subtitle": ""}
    total = told.total or told.measured
    whole = told.measured >= total and not told.cut
    measured = f"all {total:,}" if whole else f"{told.measured:,} measured, of {total:,}"
    subtitle = f"{len(shown)} largest of {measured}; memory of a key, or length inside helix:exact:cache"
    top = max((one.bytes or 0 for one in shown), default=0) or 1
    lines = [_entry(one, look, allowed=allowed, share=(one.bytes or 0) / top) for one in shown]
    fields = (*LARGE, EVICT) if allowed else LARGE
    ready = panel.ready(name, stale=told.answer is not None and not told.answer.ok, subtitle=subtitle)
    return ready | rows.fill(name, "Key", fields, lines, texts=TEXTS)


def _index_words(told: GatewayCache) -> str:
    index = told.index
    if not index.get("name"):
        return str(index.get("why") or "")
    failed = f", {index['failed']:,} it could not take in" if index.get("failed") else ""
    return f"RediSearch's index {index['name']} holds {index.get('docs') or 0:,} vectors of {index.get('dimensions') or '?'} dimensions{failed}."


def short_key(key: str) -> str:
    """A key as a table shows it: its kind and the beginning of what tells it from others."""
    head, slash, name = key.rpartition("/") if "/" in key else key.rpartition(":")
    kind = head.rpartition(":")[2]
    return f"{kind}{slash}{name[:10]}…" if len(name) > 12 else key


def _entry(one: CacheEntry, look: Look, *, allowed: bool, share: float = 0.0) -> rows.Line:
    short = short_key(one.key)
    ends = fmt.UNKNOWN if one.ends is None else "never" if one.ends < 0 else fmt.age(one.ends)
    cells = {
        "level": one.level,
        "model": one.model or fmt.UNKNOWN,
        "owner": one.owner or fmt.UNKNOWN,
        "created": when(one.created, look),
        "hits": fmt.short(one.hits, "count"),
        "ends": ends,
        "size": fmt.UNKNOWN if one.bytes is None else f"{one.bytes / 1000:,.1f} kB",
        "evict": "Evict",
    }
    asked = evicting(f"Evict the entry {short}?", by="key", key=one.key) if allowed else None
    return rows.Line(short, cells, deeds={"evict": asked} if asked else None, share=share)


def evicting(words: str, **what: Any) -> str:
    """What a button asks for, to be confirmed (assets/cache.js)."""
    return json.dumps({"words": words, "what": what})


def evicting_entry(
    words: str, entry: str | None, owner: str | None, model: str | None, created: int | None
) -> str:
    """The same for an entry that the log knows: by its key, else by who wrote it when."""
    if entry:
        return evicting(words, by="entry", entry=entry)
    return evicting(words, by="birth", owner=owner, model=model, created=created)


def orders(found: Cache, look: Look) -> Updates:
    """What was ordered, how far it is, and what came of it."""
    name, subtitle = "cache-orders", "Performed by the collector, one at a time"
    if not found.orders:
        words = Message("empty", "Nothing was ordered yet", "Evictions, health tests and changed settings leave their receipts here.")  # fmt: skip
        return panel.says(name, words) | {f"{name}.subtitle": subtitle}
    lines = [
        rows.Line(
            when(one.asked, look),
            {"what": _what(one), "by": one.by.partition(":")[2] or one.by, "state": one.state, "receipt": receipt(one)},
            tones={"state": STATES[one.state]},
        )
        for one in found.orders[:ORDERED]
    ]  # fmt: skip
    ready = panel.ready(name, subtitle=subtitle)
    return ready | rows.fill(name, "When", ORDERS, lines, texts=("what", "by", "state", "receipt"))


def filled(
    name: str,
    head: str,
    fields: Sequence[Field],
    lines: Sequence[rows.Line],
    subtitle: str,
    words: Message,
    look: Look,
    texts: Sequence[str] = (),
) -> Updates:
    """Table ``name`` with its lines, or with ``words`` when there are none."""
    if not lines:
        return panel.says(name, words) | {f"{name}.subtitle": subtitle}
    ready = panel.ready(name, stale=look.stale, subtitle=subtitle)
    return ready | rows.fill(name, head, fields, lines, texts=texts)


def short_hash(text: str) -> str:
    """The beginning of a prompt's keyed hash, as a table shows it."""
    return text if len(text) <= 13 else f"{text[:12]}…"


def when(microseconds: int | None, look: Look) -> str:
    """An instant as a table shows it."""
    if microseconds is None:
        return fmt.UNKNOWN
    return f"{utc_from_us(microseconds).astimezone(look.zone):%-d %b, %H:%M:%S}"


def _what(one: Order) -> str:
    if one.kind == CACHE_PROBE:
        return "Health test"
    if one.kind == CACHE_EVICT:
        return f"Evict {described(one.what)}"
    return f"Set {one.what.get('name')} to {one.what.get('value')}"


def receipt(one: Order) -> str:
    """What came of an order, in words."""
    told = one.receipt if isinstance(one.receipt, dict) else {}
    if one.state != "done" or not told:
        return one.said or fmt.UNKNOWN
    if one.kind == CACHE_PROBE:
        well = "the answer was the one put there" if told.get("same") and told.get("gone") else "the answer was another one"  # fmt: skip
        return f"set {told['set_ms']:.1f} ms, get {told['get_ms']:.1f} ms, evict {told['evict_ms']:.1f} ms; {well}"
    if one.kind == CACHE_EVICT:
        silent = f"; {told['silent']:,} do not say and stay" if told.get("silent") else ""
        return f"{told['evicted']:,} of {told['looked_at']:,} evicted in {told['seconds']:.1f} s{silent}"
    before = "nothing" if told.get("before") is None else f"{told['before']:g}"
    return f"{before} → {told['after']:g}"
