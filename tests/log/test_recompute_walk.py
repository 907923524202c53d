"""Recomputations by folds that come, go and die in any order, over a real store, beside the rule in plain Python."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from test_repricing import by_hand

from helix_dash.log import compaction, rewriting
from helix_dash.log.cube import decode_cube
from helix_dash.log.fold import Fold
from helix_dash.log.repricing import Job, Rule, Tally
from helix_dash.log.retention import Retention
from helix_dash.log.schema import PICO
from request_records import KEYS, a_request, client_of, folded_rows, manifest, recorded

pytestmark = pytest.mark.usefixtures("one_shard")

OURS = Rule(0, "ours", {"uncached": "2.5", "visible": "10"}, "set by ada on 2026-11-22")
THEIRS = Rule(0, "theirs", {"uncached": "0.000001", "visible": "3"}, "set by ben on 2026-11-22")


class Killed(BaseException):
    """Stands for a kill at a named step: nothing of the fold's memory is left."""


def bare(minute: float = 0, **known: Any) -> Any:
    return a_request(minute, **{"model": "ours", "cost_usd": None, "priced": False} | known)


def clock(store: redis.Redis) -> int:
    seconds, micros = store.time()
    return int(seconds) * 10**6 + int(micros)


def ask(url: str, identity: str, **given: Any) -> Job:
    with client_of(url) as store:
        job = Job(**{"id": identity, "until": clock(store), "on": "2026-11-22", "rules": (OURS, THEIRS)} | given)  # fmt: skip
        store.set(KEYS.recompute, msgspec.json.encode(job))
    return job


def tally(url: str) -> Tally | None:
    with client_of(url) as store:
        packed = store.get(KEYS.recomputed)
    return None if packed is None else msgspec.json.decode(packed, type=Tally)


def a_fold(url: str, **given: Any) -> Fold:
    with client_of(url) as store:
        store.delete(KEYS.lease)
    return Fold(url, retention=Retention(4000), **given)


def finished(url: str, identity: str, fold: Fold | None = None) -> Tally:
    """The tally of a job, once a fold has come to its end."""
    fold = fold or a_fold(url)
    for _ in range(2000):
        fold.step()
        found = tally(url)
        if found is not None and found.id == identity and found.over:
            return found
    raise AssertionError("the recomputation does not end")


def sums(url: str) -> tuple[int, int]:
    """Dollars × 10¹² and unpriced requests by the cubes of all segments."""
    cost = unpriced = 0
    with client_of(url) as store:
        for name in manifest(url):
            cells = decode_cube(store.get(KEYS.cube(name)) or b"").cells
            cost += sum(int(one) for one in cells["cost_usd"].to_pylist())
            unpriced += sum(cells["unpriced"].to_pylist())
    return cost, unpriced


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Merges after every third segment, one look per step, an end without waiting."""
    monkeypatch.setattr(compaction, "FAN_IN", 3)
    monkeypatch.setattr(rewriting, "LOOKING", -1.0)
    monkeypatch.setattr(rewriting, "SETTLED", 0)


def test_all_parts_of_the_log_get_their_costs_and_the_tally_says_what_was_done(store_url: str) -> None:
    for batch in range(5):
        recorded(store_url, bare(batch), bare(batch, model="unknown"), a_request(batch))
        a_fold(store_url).step()
    ask(store_url, "a")
    found = finished(store_url, "a")
    each = Decimal("0.00045")
    assert (found.requests, found.cost, found.left, found.expired) == (5, 5 * each, 5, 0)
    assert sums(store_url) == (int(5 * (each + Decimal("0.001")) * PICO), 5)


def test_what_waits_in_the_stream_is_included_and_what_comes_later_is_not(store_url: str) -> None:
    recorded(store_url, bare(0))
    job = ask(store_url, "a")
    with client_of(store_url) as store:
        while clock(store) // 1000 <= job.until // 1000:  # arrivals are told in milliseconds
            pass
    recorded(store_url, bare(1))
    finished(store_url, "a")
    assert [row["cost_usd"] is None for row in folded_rows(store_url)] == [False, True]


def test_a_job_is_not_over_before_all_that_had_arrived_is_there(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewriting, "SETTLED", 2**60)
    recorded(store_url, bare())
    ask(store_url, "a")
    fold = a_fold(store_url)
    for _ in range(5):
        fold.step()
    found = tally(store_url)
    assert found is not None
    assert (found.looked, found.of, found.over) == (1, 1, False)


def test_a_job_that_is_over_is_not_done_again(store_url: str) -> None:
    recorded(store_url, bare())
    ask(store_url, "a")
    finished(store_url, "a")
    recorded(store_url, bare(1))
    fold = a_fold(store_url)
    for _ in range(4):
        fold.step()
    assert sums(store_url)[1] == 1


@pytest.mark.parametrize("poison", [b"", b"\xff", b"{}", b'{"id":1}', b"[]"])
def test_a_job_that_cannot_be_read_stops_no_fold(store_url: str, poison: bytes) -> None:
    with client_of(store_url) as store:
        store.set(KEYS.recompute, poison)
        store.set(KEYS.recomputed, poison)
    recorded(store_url, bare())
    fold = a_fold(store_url)
    assert fold.step().folded == 1
    assert fold.step().leader


@pytest.mark.parametrize("rates", [{"uncached": "much"}, {"uncached": "NaN"}, {"uncached": "0.0000001"}, {"uncached": "-1"}])  # fmt: skip
def test_a_job_that_cannot_be_done_says_so_and_stops_no_fold(store_url: str, rates: dict[str, str]) -> None:
    recorded(store_url, bare())
    ask(store_url, "a", rules=(Rule(0, "ours", rates, "x"),))
    fold = a_fold(store_url)
    assert "failed" in finished(store_url, "a", fold).failed
    recorded(store_url, bare(1))
    assert fold.step().folded == 1


def test_unpriced_requests_whose_rows_are_gone_are_counted_and_stay(store_url: str) -> None:
    recorded(store_url, bare(), bare(1), bare(2, model="theirs"))
    fold = Fold(store_url, retention=Retention(1))
    for _ in range(4):
        fold.step()
    assert all(segment.expired for segment in manifest(store_url).values())
    ask(store_url, "a", model="ours")
    found = finished(store_url, "a", fold)
    assert (found.requests, found.left, found.expired) == (0, 0, 2)


def test_a_leader_that_was_paused_over_the_end_counts_nothing_twice(store_url: str) -> None:
    """The old leader wakes with a step that the new one has done already."""
    recorded(store_url, bare(), bare(1))
    old = a_fold(store_url)
    old.step()
    ask(store_url, "a")

    def overtaken(step: str) -> None:
        if step == "repriced":
            finished(store_url, "a")

    old._pause = overtaken
    old.step()
    found = tally(store_url)
    assert found is not None
    assert (found.requests, found.over) == (2, True)
    assert sums(store_url) == (2 * 450_000_000, 0)


def test_who_takes_over_goes_on_from_what_was_committed_meanwhile(store_url: str) -> None:
    """The old leader commits a step after the new one has looked, and before it has taken over."""
    for part in range(2):
        recorded(store_url, bare(part))
        old = a_fold(store_url)
        old.step()
    job = ask(store_url, "a")
    new = a_fold(store_url)
    take_over = new._shard.take_over

    def late() -> Any:
        assert old._lead is not None
        old._step(old._lead, 10, job.until, old._shard.noted())
        return take_over()

    new._shard.take_over = late  # type: ignore[method-assign]
    new.step()
    assert finished(store_url, "a", new).requests == 2


def test_a_richer_record_of_a_call_replaces_a_recomputed_one(store_url: str) -> None:
    """Its own cost counts, once."""
    recorded(store_url, bare(call_id="c"))
    fold = a_fold(store_url)
    fold.step()
    ask(store_url, "a")
    finished(store_url, "a", fold)
    recorded(store_url, a_request(call_id="c", model="ours", team="t", cost_usd=Decimal("0.5")))
    a_fold(store_url).step()
    (row,) = folded_rows(store_url)
    assert (row["cost_usd"], row["cost_source"]) == (PICO // 2, None)
    assert sums(store_url) == (PICO // 2, 0)


class AnyOrder(RuleBasedStateMachine):
    """Records, folds, merges, recomputations and kills, in an order that nobody planned."""

    url = ""

    @initialize()
    def empty(self) -> None:
        with client_of(self.url) as store:
            store.flushall()
        self.calls, self.jobs, self.numbers = 0, [], 0
        self.given: dict[str, int] = {}
        self.fold = a_fold(self.url)

    @rule(kinds=st.lists(st.sampled_from(["ours", "theirs", "priced", "nobody's"]), min_size=1, max_size=4))
    def record(self, kinds: list[str]) -> None:
        made = []
        for kind in kinds:
            self.calls += 1
            name = {"call_id": f"c{self.calls}", "uncached_tokens": 100 + self.calls}
            made.append(a_request(self.calls, **name) if kind == "priced" else bare(minute=self.calls, model=kind, **name))  # fmt: skip
        recorded(self.url, *made)

    @rule(steps=st.integers(1, 4))
    def go_on(self, steps: int) -> None:
        for _ in range(steps):
            self.fold.step()

    @rule(at=st.sampled_from(["read", "sealed", "repriced", "tidied", "committed", "published"]))
    def die(self, at: str) -> None:
        def strike(step: str) -> None:
            if step == at:
                raise Killed

        self.fold._pause = strike
        for _ in range(3):
            try:
                self.fold.step()
            except Killed:
                break
        self.fold = a_fold(self.url)

    @rule(model=st.sampled_from([None, "ours"]), back=st.booleans())
    def order(self, model: str | None, back: bool) -> None:
        if self.jobs:
            self.end()
        self.jobs.append(ask(self.url, f"j{len(self.jobs)}", model=model, back=back))

    def end(self) -> None:
        """The last job comes to its end, and its tally is what plain Python says."""
        job = self.jobs[-1]
        found = finished(self.url, job.id, self.fold)
        before = self.expected(self.jobs[:-1])
        now = self.expected(self.jobs)
        changed = [name for name in now if now[name]["cost_source"] != before[name]["cost_source"]]
        told = now if not job.back else before
        assert found.requests == len(changed)
        assert found.cost * PICO == sum(told[name]["cost_usd"] for name in changed)

    def expected(self, jobs: list[Job]) -> dict[str, dict[str, Any]]:
        """Every row as it came, after ``jobs`` in plain Python."""
        after = {}
        for row in folded_rows(self.url):
            if row["cost_source"] is not None:  # as it came
                row |= {"cost_usd": None, "priced": False, "cost_source": None, "cost_rates": None}
            for job in jobs:
                mine = job.model in (None, row["model"]) and row["ingested"] <= job.until
                if not job.back:
                    row = by_hand(row, job)
                elif mine and row["cost_source"] is not None:
                    row = row | {"cost_usd": None, "priced": False, "cost_source": None, "cost_rates": None}
            after[row["call_id"]] = row
        return after

    @invariant()
    def every_request_is_there_once_and_cubes_are_those_of_the_rows(self) -> None:
        if not self.url or not hasattr(self, "calls"):
            return
        rows = folded_rows(self.url)
        assert len({row["call_id"] for row in rows}) == len(rows)
        unpriced = sum(row["cost_usd"] is None for row in rows)
        assert sums(self.url) == (sum(row["cost_usd"] or 0 for row in rows), unpriced)

    def teardown(self) -> None:
        if not self.url or not hasattr(self, "calls"):
            return
        if self.jobs:
            self.end()
        while self.fold.step().folded:
            pass
        rows = {row["call_id"]: row for row in folded_rows(self.url)}
        assert len(rows) == self.calls
        assert rows == self.expected(self.jobs)


def test_in_any_order_every_request_has_its_cost_once(store_url: str) -> None:
    AnyOrder.url = store_url
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
