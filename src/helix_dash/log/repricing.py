"""Costs for requests that came without one, at the prices that operators have set; and their taking back.

Pure: rows in, rows out. A request gets a cost when it succeeded, used tokens, and none was recorded; a recorded cost is
never changed. So whatever is done twice, or again after a crash, changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from helix_dash.log.cube import OTHER, Cube
from helix_dash.log.schema import MAX_MONEY, PICO
from helix_dash.money import CLASSES, MILLION

OWNERS = ("model", "provider", "team", "key_alias", "organization")
"""The columns that decide which rule is a request's own."""

HITS = ("exact", "semantic")
_NEEDED = [*OWNERS, "time", "cache", *(f"{name}_tokens" for name in CLASSES)]

Mask = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


class Rule(msgspec.Struct, frozen=True):
    """A price, and for whom it holds.

    Args:
        begins: the instant from which it holds, microseconds.
        model: the model.
        rates: class of tokens → dollars per million, as decimal texts of at most six decimals: one token costs a whole
            number of 10⁻¹² dollars. A class that is not there has no price.
        source: who set it and when, in words.
        column: one of :data:`OWNERS` that must hold ``name``; empty: it holds for everybody.
        organization: whose price it is; ``None`` is everybody's.
    """

    begins: int
    model: str
    rates: dict[str, str]
    source: str
    column: str = ""
    name: str = ""
    organization: str | None = None

    def fits(self, owner: Mapping[str, str | None]) -> bool:
        """Whether it holds for requests of ``owner``, whenever they were."""
        theirs = self.organization in (None, owner["organization"]) and self.model == owner["model"]
        return theirs and (not self.column or owner[self.column] == self.name)


class Priced(NamedTuple):
    """A rule with 10⁻¹² dollars per token by class, and what the two columns of a request say of it."""

    rule: Rule
    pico: dict[str, int]
    source: str
    rates: str


class Job(msgspec.Struct, frozen=True, dict=True):
    """One recomputation of a shard.

    Args:
        id: that of its order.
        until: it is about requests that arrived until then, microseconds.
        on: its day, for people.
        rules: the prices; of two that fit, the first.
        model: only requests of this model; ``None``: of all.
        organization: only requests of this one; ``None``: of all.
        back: take computed costs back instead.
    """

    id: str
    until: int
    on: str
    rules: tuple[Rule, ...] = ()
    model: str | None = None
    organization: str | None = None
    back: bool = False

    @cached_property
    def priced(self) -> tuple[Priced, ...]:
        """Its rules, ready to be used.

        Raises:
            ValueError: a price is no number.
            ArithmeticError: it is none of six decimals.
        """
        found = []
        for rule in self.rules:
            pico = {name: _whole(Decimal(text) * PICO / MILLION) for name, text in rule.rates.items()}
            rates = ";".join(f"{name} {rule.rates[name]}" for name in CLASSES if name in rule.rates)
            found.append(Priced(rule, pico, f"{rule.source}, recomputed {self.on}", rates))
        return tuple(found)


class Tally(msgspec.Struct, frozen=True):
    """What has been done of a job in one shard. It is written in the transaction that does it.

    Args:
        id: the job's.
        requests: how many got a cost, or lost the one that was computed.
        cost: their dollars, exact.
        first, last: when the first and the last of them ended, microseconds.
        looked, of: segments that were looked at, of how many.
        left: unpriced requests that were looked at and stay so.
        expired: unpriced requests whose rows are gone, and stay so.
        over: whether all is done; ``left`` and ``expired`` are known only then.
        failed: why it cannot be done, in words.
    """

    id: str
    requests: int = 0
    cost: Decimal = Decimal(0)
    first: int | None = None
    last: int | None = None
    looked: int = 0
    of: int = 0
    left: int = 0
    expired: int = 0
    over: bool = False
    failed: str = ""

    def plus(self, changed: pa.Table) -> Tally:
        """With these rows, which got a cost or lost it."""
        if not changed.num_rows:
            return self
        ends = pc.min_max(changed["time"]).as_py()
        return msgspec.structs.replace(
            self,
            requests=self.requests + changed.num_rows,
            cost=self.cost + Decimal(sum(changed["cost_usd"].to_pylist())) / PICO,
            first=ends["min"] if self.first is None else min(self.first, ends["min"]),
            last=ends["max"] if self.last is None else max(self.last, ends["max"]),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job makes of the rows of a segment.

    Args:
        rows: all of them.
        changed: those that changed, with the cost they got or lost.
        left: unpriced ones that stay so.
    """

    rows: pa.Table
    changed: pa.Table
    left: int


def repriced(rows: pa.Table, job: Job) -> Outcome:
    """``rows`` (one chunk per column) after ``job``."""
    mine = _of_job(rows, job)
    if job.back:
        return _taken_back(rows, mine & _valid(rows, "cost_source"))
    wanted = mine & _unpriced(rows)
    places = np.flatnonzero(wanted & ~_valid(rows, "cost_usd"))
    which, cost = _costs(rows.select(_NEEDED).take(pa.array(places)), job)
    told = which >= 0
    hit = np.zeros(rows.num_rows, bool)
    hit[places[told]] = True
    left = int(wanted.sum()) - int(told.sum())
    if not told.any():
        return Outcome(rows, rows.slice(0, 0), left)
    amounts = rows["cost_usd"].fill_null(0).to_numpy().copy()
    amounts[hit] = cost[told]
    chosen = pa.array(which[told])
    new = {
        "cost_usd": pa.array(amounts, pa.int64(), mask=~(_valid(rows, "cost_usd") | hit)),
        "priced": _flagged(rows, hit, True),
        "cost_source": _worded(rows, "cost_source", hit, pa.array([one.source for one in job.priced]).take(chosen)),
        "cost_rates": _worded(rows, "cost_rates", hit, pa.array([one.rates for one in job.priced]).take(chosen)),
    }  # fmt: skip
    after = _with(rows, new)
    return Outcome(after, after.filter(pa.array(hit)), left)


def open_cells(cube: Cube, job: Job) -> int:
    """How many requests of a cube's cells ``job`` may be about: unpriced ones, or any where costs are taken back."""
    return _cells(cube, job, "requests" if job.back else "unpriced", others=True)


def unpriced_cells(cube: Cube, job: Job) -> int:
    """How many unpriced requests of what ``job`` is about a cube tells apart."""
    return _cells(cube, job, "unpriced", others=False)


def _cells(cube: Cube, job: Job, figure: str, *, others: bool) -> int:
    mask = pa.array(np.ones(cube.cells.num_rows, bool))
    for name, wanted in (("model", job.model), ("organization", job.organization)):
        if wanted is not None:
            words = pa.array([wanted, OTHER] if others else [wanted])
            mask = pc.and_(mask, pc.is_in(cube.cells[name].cast(pa.string()), words))
    return int(pc.sum(cube.cells[figure].filter(mask)).as_py() or 0)


def _taken_back(rows: pa.Table, mine: Mask) -> Outcome:
    if not mine.any():
        return Outcome(rows, rows.slice(0, 0), 0)
    none = pa.nulls(int(mine.sum()), pa.string())
    cost = rows["cost_usd"].fill_null(0).to_numpy()
    new = {
        "cost_usd": pa.array(cost, pa.int64(), mask=~_valid(rows, "cost_usd") | mine),
        "priced": _flagged(rows, mine, False),
        "cost_source": _worded(rows, "cost_source", mine, none),
        "cost_rates": _worded(rows, "cost_rates", mine, none),
    }
    return Outcome(_with(rows, new), rows.filter(pa.array(mine)), 0)


def _of_job(rows: pa.Table, job: Job) -> Mask:
    mine: Mask = rows["ingested"].to_numpy() <= job.until
    for name, wanted in (("model", job.model), ("organization", job.organization)):
        if wanted is not None:
            mine &= _equal(rows, name, wanted)
    return mine


def _unpriced(rows: pa.Table) -> Mask:
    """As :func:`helix_dash.log.cube.cube_of` counts them."""
    used = np.zeros(rows.num_rows, bool)
    for name in CLASSES:
        used |= rows[f"{name}_tokens"].fill_null(0).to_numpy() > 0
    flag: Mask = rows["priced"].fill_null(True).to_numpy()
    return _equal(rows, "status", "success") & used & ~(_valid(rows, "cost_usd") & flag)


def _costs(rows: pa.Table, job: Job) -> tuple[Integers, Integers]:
    """Of each row the place of its rule among those of ``job`` (-1: it gets no cost), and its cost, 10⁻¹² dollars."""
    which, cost = np.full(rows.num_rows, -1, np.int64), np.zeros(rows.num_rows, np.int64)
    if not rows.num_rows:
        return which, cost
    owners, owner_of = _owners(rows)
    tokens = np.stack([rows[f"{name}_tokens"].fill_null(0).to_numpy() for name in CLASSES], axis=1)
    times = rows["time"].to_numpy()
    hits = pc.fill_null(pc.is_in(rows["cache"].cast(pa.string()), pa.array(HITS)), False).to_numpy()
    free = np.ones(rows.num_rows, bool)  # of the rules before
    for place, priced in enumerate(job.priced):
        fits = np.array([priced.rule.fits(owner) for owner in owners], bool)[owner_of]
        mine = np.flatnonzero(free & fits & (times >= priced.rule.begins))
        free[mine] = False
        amounts = _amounts(tokens[mine], priced.pico)
        good = amounts >= 0
        which[mine[good]] = place
        cost[mine[good]] = np.where(hits[mine[good]], 0, amounts[good])
    return which, cost


def _owners(rows: pa.Table) -> tuple[list[dict[str, str | None]], Integers]:
    """Who the rows belong to, each once, and whose each row is."""
    words = [rows[name].cast(pa.string()).combine_chunks().dictionary_encode() for name in OWNERS]
    codes = np.stack([column.indices.fill_null(-1).to_numpy() for column in words], axis=1)
    found, owner_of = np.unique(codes, axis=0, return_inverse=True)
    spelled = [column.dictionary.to_pylist() for column in words]
    owners = [
        {name: None if code < 0 else spelled[at][code] for at, (name, code) in enumerate(zip(OWNERS, line, strict=True))}
        for line in found.tolist()
    ]  # fmt: skip
    return owners, owner_of.reshape(-1)


def _amounts(tokens: Integers, pico: Mapping[str, int]) -> Integers:
    """What lines of tokens by class cost; -1 where a class that was used has no price, or beyond what a request costs."""
    rates = [pico.get(name, 0) for name in CLASSES]
    lacking = [name not in pico for name in CLASSES]
    wide: Any = tokens
    if tokens.size and int(tokens.max()) * max(rates) * len(CLASSES) >= 2**63:
        wide = tokens.astype(object)  # whole numbers of any size
    total = sum(wide[:, at] * rate for at, rate in enumerate(rates))
    bad = (tokens[:, lacking] > 0).any(axis=1) | (total > MAX_MONEY)
    return np.where(bad, -1, total).astype(np.int64)


def _whole(value: Decimal) -> int:
    if value != int(value) or value < 0:
        raise ArithmeticError(f"{value} is no whole number of 10⁻¹² dollars")
    return int(value)


def _valid(rows: pa.Table, name: str) -> Mask:
    found: Mask = pc.is_valid(rows[name]).to_numpy()
    return found


def _equal(rows: pa.Table, name: str, word: str) -> Mask:
    found: Mask = pc.fill_null(pc.equal(rows[name].cast(pa.string()), word), False).to_numpy()
    return found


def _flagged(rows: pa.Table, mask: Mask, value: bool) -> pa.Array:
    """The column ``priced`` with ``value`` under ``mask``, where it said anything."""
    known = _valid(rows, "priced")
    flags = rows["priced"].fill_null(False).to_numpy().copy()
    flags[mask] = value
    return pa.array(flags, pa.bool_(), mask=~known)


def _worded(rows: pa.Table, name: str, mask: Mask, words: pa.Array) -> pa.Array:
    """The column ``name`` with ``words`` under ``mask``."""
    plain = rows[name].cast(pa.string()).combine_chunks()
    return pc.replace_with_mask(plain, pa.array(mask), words).dictionary_encode()


def _with(rows: pa.Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    for name, values in columns.items():
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), values)
    return rows
