"""The rules of the reading surface, one by one."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from reading import DAY, HOUR, LAST_DAY, MINUTE, NOW, PRODUCER, SECOND, log_of, over, row

from helix_dash.errors import BadQuery
from helix_dash.log.query import RequestLog
from helix_dash.log.results import Results
from helix_dash.log.shown import csv_texts
from helix_dash.model import EVERYTHING, Condition, Scope, Slice, Sort

ACME = Scope("acme")
PAGE = Slice(0, 100)


def totals(log: RequestLog, *names: str, where: Any = LAST_DAY, scope: Scope = EVERYTHING) -> list[Any]:
    found = log.totals(scope, where, names)
    return [found[name] for name in names]


def line(log: RequestLog, name: str, bucket: Any, where: Any = LAST_DAY) -> list[Any]:
    return log.series(EVERYTHING, where, [], bucket, [name]).values[name][0]


# -- scope ---------------------------------------------------------------------------------------------


@pytest.fixture
def shared(tmp_path: Path) -> RequestLog:
    """Two organizations; acme's words differ from umbrella's in every column."""
    return log_of(
        tmp_path,
        [
            row(
                organization="acme",
                user="alice",
                model="a-model",
                error_class="AcmeError",
                call_id="a",
                cost_usd=5,
            )
        ],
        [
            row(
                organization="umbrella",
                user="bob",
                model="u-model",
                error_class="UmbrellaError",
                call_id="b",
                cost_usd=9,
            )
        ],
        expired=[[row(NOW - 200 * DAY, organization="umbrella", user="old-bob", model="old-u")]],
    )


@pytest.mark.parametrize(
    "where",
    [
        LAST_DAY,
        over(NOW - DAY, NOW, Condition("organization", "in", ("umbrella",))),
        over(NOW - DAY, NOW, Condition("organization", "not_in", ("acme",))),
        over(NOW - DAY, NOW, Condition("user", "not_blank")),
        over(NOW - 300 * DAY, NOW, Condition("user", "not_in", ())),
    ],
)
def test_nothing_of_another_organization_is_seen_whatever_is_asked(shared: RequestLog, where: Any) -> None:
    """T: a scoped token asks for another organization."""
    names = ("user", "model", "error_class", "organization")
    page = shared.page(ACME, where, Sort("cost_usd"), PAGE)
    assert {found["organization"] for found in page.rows} <= {"acme"}
    for name in names:
        groups = shared.series(ACME, where, [name], None, ["requests"]).groups
        assert {word for (word,) in groups} <= {"alice", "a-model", "AcmeError", "acme"}
        values = shared.values(ACME, name)
        assert set(values) <= {"alice", "a-model", "AcmeError", "acme"}
    for frame in shared.batches(ACME, where, ["user"]):
        assert set(frame["user"]) <= {"alice"}


def test_rows_hold_the_columns_that_were_asked_for_and_their_name(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(model="m", latency_ms=5)])
    (whole,) = log.page(EVERYTHING, LAST_DAY, Sort(), PAGE).rows
    few = log.page(EVERYTHING, LAST_DAY, Sort("cost_usd"), PAGE, columns=["total_tokens", "model"]).rows
    assert few == [{name: whole[name] for name in ("row_id", "total_tokens", "model")}]


def test_one_row_of_another_organization_is_not_there(shared: RequestLog) -> None:
    """T: a row id from elsewhere. Unknown and forbidden look the same."""
    (theirs,) = shared.page(Scope("umbrella"), LAST_DAY, Sort(), PAGE).rows
    assert shared.one(ACME, theirs["row_id"]) is None
    assert shared.one(EVERYTHING, theirs["row_id"]) == theirs


def test_an_organization_nobody_has_seen_sees_nothing(shared: RequestLog) -> None:
    for scope in (Scope("nobody"), Scope("")):
        assert shared.page(scope, LAST_DAY, Sort(), PAGE).total == 0
        assert shared.values(scope, "user") == []
        assert shared.series(scope, LAST_DAY, ["user"], None, ["requests"]).groups == ()
        assert totals(shared, "requests", scope=scope) == [0]


def test_answers_are_not_shared_between_scopes(shared: RequestLog) -> None:
    for scope, count in ((EVERYTHING, 2), (ACME, 1), (Scope("nobody"), 0)):
        assert shared.count(scope, LAST_DAY) == count


def test_everybody_may_choose_among_the_words_a_column_is_limited_to(shared: RequestLog) -> None:
    assert shared.values(ACME, "status") == ["success", "error", "throttled", "blocked", "cancelled"]


def test_values_are_found_by_a_part_whatever_its_case(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(model="GPT-4o"), row(model="claude"), row(model="gpt-5")])
    assert log.values(EVERYTHING, "model", "gPt") == ["GPT-4o", "gpt-5"]
    assert log.values(EVERYTHING, "model", limit=1) == ["GPT-4o"]


def _tagged(folder: Path) -> RequestLog:
    return log_of(folder, [row(tags=tags) for tags in ("env:dev", "env:dev;job:a", "env:development", None)])


def test_one_tag_finds_every_request_that_carries_it(tmp_path: Path) -> None:
    """pages.md 0: filter by tag."""
    log = _tagged(tmp_path)
    assert totals(log, "requests", where=over(NOW - DAY, NOW, Condition("tags", "in", ("env:dev",)))) == [2]
    assert totals(log, "requests", where=over(NOW - DAY, NOW, Condition("tags", "not_in", ("job:a",)))) == [3]


def test_tags_joined_find_the_requests_with_exactly_these(tmp_path: Path) -> None:
    where = over(NOW - DAY, NOW, Condition("tags", "in", ("env:dev;job:a",)))
    assert totals(_tagged(tmp_path), "requests", where=where) == [1]


def test_the_values_of_tags_are_single_tags(tmp_path: Path) -> None:
    assert _tagged(tmp_path).values(EVERYTHING, "tags") == ["env:dev", "env:development", "job:a"]


def test_a_column_of_ids_has_no_list_of_values(shared: RequestLog) -> None:
    with pytest.raises(BadQuery):
        shared.values(EVERYTHING, "call_id")


# -- late, future, skewed ------------------------------------------------------------------------------


def test_a_late_record_counts_in_the_hour_it_belongs_to(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(NOW - MINUTE)], [row(NOW - 5 * HOUR, ingested=NOW)])
    assert line(log, "requests", "hour", over(NOW - 6 * HOUR, NOW)) == [0, 1, 0, 0, 0, 1]


def test_a_skewed_record_counts_once_its_time_has_come(tmp_path: Path) -> None:
    """A gateway's clock an hour ahead."""
    ahead, where = row(NOW + HOUR, ingested=NOW, skewed=True), over(NOW - DAY, NOW + DAY)
    (tmp_path / "later").mkdir()
    log = log_of(tmp_path, [ahead])
    later = log_of(tmp_path / "later", [ahead], now=NOW + HOUR + SECOND)
    assert (totals(log, "requests", where=where), log.count(EVERYTHING, where)) == ([0], 0)
    assert (totals(later, "requests", where=where), later.count(EVERYTHING, where)) == ([1], 1)


def test_a_clock_a_little_ahead_counts_at_once(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(NOW + 2 * MINUTE, ingested=NOW)])
    assert totals(log, "requests", where=over(NOW - DAY, NOW + DAY)) == [1]


def test_a_record_belongs_to_the_period_that_begins_with_it(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(NOW - HOUR)])
    assert log.count(EVERYTHING, over(NOW - 2 * HOUR, NOW - HOUR)) == 0
    assert log.count(EVERYTHING, over(NOW - HOUR, NOW)) == 1


def test_a_watermark_leaves_out_what_came_later(tmp_path: Path) -> None:
    """The pages of one listing are cut from the same rows."""
    rows = [row(NOW - HOUR + n, ingested=NOW - HOUR + n * SECOND) for n in range(10)]
    log = log_of(tmp_path, rows[:6], rows[6:])
    page = log.page(EVERYTHING, LAST_DAY, Sort(), PAGE, watermark=NOW - HOUR + 3 * SECOND)
    assert page.total == 4
    assert log.page(EVERYTHING, LAST_DAY, Sort(), PAGE).watermark == NOW - HOUR + 9 * SECOND


# -- nothing recorded is not zero ----------------------------------------------------------------------


def test_an_hour_without_requests_is_zero_where_the_fold_was_alive(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(NOW - 90 * MINUTE)], coverage=[(NOW - 3 * HOUR, NOW)])
    assert line(log, "requests", "hour", over(NOW - 5 * HOUR, NOW)) == [None, None, 0, 1, 0]


def test_an_hour_the_fold_was_only_partly_alive_is_unknown(tmp_path: Path) -> None:
    log = log_of(tmp_path, [], coverage=[(NOW - 150 * MINUTE, NOW)])
    assert line(log, "cost_usd", "hour", over(NOW - 3 * HOUR, NOW)) == [None, 0.0, 0.0]


def test_a_hole_of_a_few_seconds_is_none(tmp_path: Path) -> None:
    log = log_of(tmp_path, [], coverage=[(NOW - 2 * HOUR, NOW - HOUR), (NOW - HOUR + 4 * SECOND, NOW)])
    assert line(log, "requests", "hour", over(NOW - 2 * HOUR, NOW)) == [0, 0]


def test_a_bucket_still_to_come_is_unknown(tmp_path: Path) -> None:
    log = log_of(tmp_path, [], now=NOW + HOUR, heartbeat=NOW + MINUTE, coverage=[(NOW - DAY, NOW + MINUTE)])
    assert line(log, "requests", "hour", over(NOW - HOUR, NOW + HOUR)) == [0, 0]
    behind = log.series(EVERYTHING, over(NOW - HOUR, NOW + HOUR + 3 * MINUTE), [], "hour", ["requests"])
    assert behind.values["requests"] == [[0, 0, None]]
    assert behind.unfinished


def test_a_ratio_or_percentile_of_no_requests_is_unknown_though_covered(tmp_path: Path) -> None:
    log = log_of(tmp_path, [])
    names = ("requests", "success_rate", "cache_hit_rate", "latency_ms_p95", "output_tokens_per_second")
    assert totals(log, *names) == [0, None, None, None, None]


def test_a_period_nobody_recorded_is_unknown(tmp_path: Path) -> None:
    log = log_of(tmp_path, [], coverage=[])
    assert totals(log, "requests", "cost_usd") == [None, None]


def test_a_period_that_touches_coverage_is_zero(tmp_path: Path) -> None:
    log = log_of(tmp_path, [], coverage=[(NOW - 2 * HOUR, NOW - HOUR)])
    assert totals(log, "requests") == [0]


def test_the_last_bucket_is_finished_once_the_log_is_complete_beyond_it(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row()])
    assert not log.series(EVERYTHING, LAST_DAY, [], "hour", ["requests"]).unfinished
    assert log.series(EVERYTHING, over(NOW - DAY, NOW), [], "week", ["requests"]).unfinished


# -- figures -------------------------------------------------------------------------------------------


def test_cost_is_unknown_when_every_request_is_unpriced(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(uncached_tokens=5, priced=False), row(visible_tokens=1)])
    assert totals(log, "cost_usd", "unpriced_requests") == [None, 2]


def test_cost_is_the_exact_sum_of_the_priced(tmp_path: Path) -> None:
    rows = [row(cost_usd=1, priced=True), row(cost_usd=10**18), row(cost_usd=7, priced=False), row()]
    assert totals(log_of(tmp_path, rows), "cost_usd") == [Decimal("1000000.000000000001")]


def test_money_beyond_64_bits_is_added_exactly(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(cost_usd=10**18, avoided_cost_usd=10**18 - 1) for _ in range(40)])
    assert totals(log, "cost_usd", "avoided_cost_usd") == [
        Decimal(40_000_000),
        Decimal("39999999.99999999996"),
    ]


def test_cancelled_requests_are_outside_the_success_rate(tmp_path: Path) -> None:
    rows = [row(status=status) for status in ("success", "error", "throttled", "blocked", "cancelled")]
    assert totals(log_of(tmp_path, rows), "requests", "errors", "success_rate") == [5, 3, 0.25]


def test_bypassed_requests_are_outside_the_cache_hit_rate(tmp_path: Path) -> None:
    rows = [row(cache=cache) for cache in ("exact", "semantic", "miss", "miss", "bypass", None)]
    assert totals(log_of(tmp_path, rows), "cache_hit_rate") == [0.5]


def test_a_percentile_is_a_latency_that_occurred(tmp_path: Path) -> None:
    rows = [row(latency_ms=1000 * n) for n in range(1, 21)] + [row(status="error", latency_ms=9 * 10**6)]
    names = ("latency_ms_p50", "latency_ms_p90", "latency_ms_p95", "latency_ms_p99")
    assert totals(log_of(tmp_path, rows), *names) == [10.0, 18.0, 19.0, 20.0]


def test_groups_come_largest_first_and_ties_by_name(tmp_path: Path) -> None:
    rows = [row(model=model) for model in ("b", "c", "c", "a", None)]
    found = log_of(tmp_path, rows).series(EVERYTHING, LAST_DAY, ["model"], None, ["requests"])
    assert found.groups == (("c",), ("a",), ("b",), (None,))


def test_groups_without_a_figure_come_last(tmp_path: Path) -> None:
    rows = [row(model="a"), row(model="b", latency_ms=5)]
    found = log_of(tmp_path, rows).series(EVERYTHING, LAST_DAY, ["model"], None, ["latency_ms_p95"])
    assert found.groups == (("b",), ("a",))


def test_at_most_a_thousand_groups_are_given_and_all_are_counted(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(user=f"user-{n}") for n in range(1100)] + [row(user="user-7")])
    found = log.series(EVERYTHING, LAST_DAY, ["user"], None, ["requests"])
    assert (len(found.groups), found.groups_total, found.groups[0]) == (1000, 1100, ("user-7",))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"])
@pytest.mark.parametrize("bucket", ["hour", "6hours", "day", "week", "month"])
def test_the_parts_sum_to_the_whole_across_a_changed_clock(tmp_path: Path, zone: str, bucket: Any) -> None:
    """Around 25 October 2026."""
    changed = NOW - 28 * DAY
    rows = [row(changed - 2 * DAY + n * 11 * MINUTE, cost_usd=n) for n in range(500)]
    log = log_of(tmp_path, rows[::3], rows[1::3], rows[2::3], zone=ZoneInfo(zone))
    where = over(changed - 2 * DAY, changed + 2 * DAY)
    whole = log.count(EVERYTHING, where)
    for cut in (changed, changed + 1, changed + 90 * MINUTE):
        parts = [over(changed - 2 * DAY, cut), over(cut, changed + 2 * DAY)]
        assert sum(sum(line(log, "requests", bucket, part)) for part in parts) == whole
    assert sum(line(log, "requests", bucket, where)) == whole


# -- when rows have expired ----------------------------------------------------------------------------

OLD = NOW - 120 * DAY
LONG = over(NOW - 130 * DAY, NOW)


@pytest.fixture
def aged(tmp_path: Path) -> RequestLog:
    old = [
        row(
            OLD + n * 7 * MINUTE,
            model="m1" if n % 3 else "m2",
            user=f"u{n}",
            cost_usd=n,
            latency_ms=1000 * n + 5000,
            organization="acme",
        )
        for n in range(100)
    ]
    return log_of(tmp_path, [row(model="m1", cost_usd=10**6, latency_ms=50_000)], expired=[old])


def test_totals_outlive_the_rows(aged: RequestLog) -> None:
    """Sums stay exact by organization, model, endpoint, status, cache and source."""
    pico = Decimal(sum(range(100)) + 10**6).scaleb(-12)
    assert totals(aged, "requests", "cost_usd", where=LONG) == [101, pico]
    by_model = aged.series(EVERYTHING, LONG, ["model"], None, ["requests"])
    assert (by_model.groups, by_model.values["requests"]) == ((("m1",), ("m2",)), [[67], [34]])
    assert totals(aged, "requests", where=LONG, scope=ACME) == [100]


def test_days_of_expired_rows_keep_their_counts(aged: RequestLog) -> None:
    found = line(aged, "requests", "day", over(OLD, OLD + DAY))
    assert sum(found) == 100


def test_percentiles_of_expired_rows_are_marked_and_close(aged: RequestLog) -> None:
    found = aged.series(EVERYTHING, over(OLD, OLD + DAY), [], None, ["latency_ms_p50"])
    assert found.approximate
    assert found.values["latency_ms_p50"][0][0] == pytest.approx(54, rel=0.0263)


def test_percentiles_of_expired_rows_by_anything_but_model_are_unknown(aged: RequestLog) -> None:
    by_status = Condition("status", "in", ("success",))
    found = aged.series(EVERYTHING, over(OLD, OLD + DAY, by_status), [], None, ["latency_ms_p50", "requests"])
    assert found.values == {"latency_ms_p50": [[None]], "requests": [[100]]}
    assert found.expired
    scoped = aged.series(ACME, over(OLD, OLD + DAY), [], None, ["latency_ms_p50"])
    assert scoped.values["latency_ms_p50"] == [[None]]


def test_what_expired_rows_can_tell_no_more_is_unknown_not_zero(aged: RequestLog) -> None:
    by_team = over(OLD, OLD + DAY, Condition("team", "in", ("t1",)))
    assert line(aged, "requests", None, by_team) == [None]
    assert line(aged, "requests", "minute", over(OLD, OLD + 2 * MINUTE)) == [None, 0]


def test_users_of_expired_rows_are_told_by_the_day(aged: RequestLog) -> None:
    """Issue C: daily top users are kept beyond raw."""
    found = aged.series(EVERYTHING, over(OLD - DAY, OLD + 2 * DAY), ["user"], None, ["cost_usd", "requests"])
    costs = {group[0]: line[0] for group, line in zip(found.groups, found.values["cost_usd"], strict=True)}
    assert costs == {f"u{n}": n / 10**12 for n in range(100)}
    assert (found.expired, found.others) == (False, {})
    one = over(OLD - DAY, OLD + 2 * DAY, Condition("user", "in", ("u7",)))
    assert line(aged, "requests", None, one) == [1]
    assert sum(line(aged, "requests", "day", one)) == 1
    assert line(aged, "latency_ms_p50", None, one) == [None]


def test_users_of_expired_rows_are_not_told_by_the_hour_nor_with_the_model(aged: RequestLog) -> None:
    by_hour = aged.series(EVERYTHING, over(OLD, OLD + DAY), ["user"], "hour", ["requests"])
    assert by_hour.expired
    with_model = aged.series(EVERYTHING, over(OLD, OLD + DAY), ["user", "model"], None, ["requests"])
    assert with_model.expired


def test_the_rarest_users_of_expired_rows_are_one_group_that_says_how_many(tmp_path: Path) -> None:
    """Issue C: cardinality bounds with an "other" that says how many it holds."""
    old = [row(OLD + n, user=f"u{n % 300:03d}", cost_usd=1) for n in range(600 + 100)]
    log = log_of(tmp_path, expired=[old])
    where = over(OLD - DAY, OLD + 2 * DAY)
    found = log.series(EVERYTHING, where, ["user"], None, ["requests"])
    counts = {group[0]: line[0] for group, line in zip(found.groups, found.values["requests"], strict=True)}
    assert (sum(counts.values()), len(counts)) == (700, 255)
    assert found.others == {"user": 46}
    assert counts["other"] == 46 * 2
    one = over(OLD - DAY, OLD + 2 * DAY, Condition("user", "in", ("u299",)))
    assert line(log, "requests", None, one) == [None]


def test_newer_buckets_are_told_beside_expired_ones(aged: RequestLog) -> None:
    found = line(aged, "requests", "week", over(NOW - 130 * DAY, NOW, Condition("team", "blank")))
    assert found[-1] == 1
    assert None in found


# -- bad questions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        Condition("prompt", "in", ("x",)),
        Condition("latency_ms", "contains", ("1",)),
        Condition("latency_ms", "lt", ("fast",)),
        Condition("latency_ms", "lt", ("nan",)),
        Condition("latency_ms", "lt", ()),
        Condition("latency_ms", "between", ("1",)),
        Condition("time", "gt", ("yesterday",)),
        Condition("stream", "in", ("perhaps",)),
        Condition("model", "lt", ("a",)),
        Condition("cost_usd", "in", ("1; DROP TABLE",)),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_with_its_column(
    tmp_path: Path, condition: Condition
) -> None:
    with pytest.raises(BadQuery) as refused:
        log_of(tmp_path, [row()]).count(EVERYTHING, over(NOW - DAY, NOW, condition))
    assert refused.value.field == condition.column


@pytest.mark.parametrize("text", ["1e999999999", "-1e999999999", "1e-999999999"])
def test_a_number_out_of_this_world_is_compared_without_harm(tmp_path: Path, text: str) -> None:
    """T: a filter that would make integers of a billion digits."""
    log = log_of(tmp_path, [row(latency_ms=5)])
    assert log.count(EVERYTHING, over(NOW - DAY, NOW, Condition("latency_ms", "lt", (text,)))) in (0, 1)


def test_unknown_measures_dimensions_and_columns_are_refused(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row()])
    for ask in (
        lambda: log.series(EVERYTHING, LAST_DAY, [], None, ["speed"]),
        lambda: log.series(EVERYTHING, LAST_DAY, ["call_id"], None, ["requests"]),
        lambda: log.series(EVERYTHING, LAST_DAY, ["model", "user", "team"], None, ["requests"]),
        lambda: log.series(EVERYTHING, over(NOW - 9 * DAY, NOW), [], "minute", ["requests"]),
        lambda: log.page(EVERYTHING, LAST_DAY, Sort("speed"), PAGE),
        lambda: log.page(EVERYTHING, LAST_DAY, Sort(), Slice(-1, 5)),
        lambda: log.page(EVERYTHING, LAST_DAY, Sort(), PAGE, columns=["model", "speed"]),
        lambda: log.batches(EVERYTHING, LAST_DAY, ["speed"]),
        lambda: log.values(EVERYTHING, "speed"),
    ):
        with pytest.raises(BadQuery):
            ask()


@pytest.mark.parametrize(
    "text", ["", "x", f"{PRODUCER}-0", f"{PRODUCER}-99999999999999999999", "-1", f"{PRODUCER}-1\n"]
)
def test_what_is_no_row_id_names_no_row(tmp_path: Path, text: str) -> None:
    assert log_of(tmp_path, [row()]).one(EVERYTHING, text) is None


# -- as shown ------------------------------------------------------------------------------------------


def test_csv_texts_are_full_decimals_in_utc_with_milliseconds(tmp_path: Path) -> None:
    """Money never with an exponent, unknown empty."""
    given = row(
        NOW - HOUR + 1_234,
        cost_usd=4_500_000,
        latency_ms=1_500,
        similarity=930_000,
        stream=True,
        avoided_cost_usd=2 * 10**12,
    )
    log = log_of(tmp_path, [given])
    names = [
        "time",
        "cost_usd",
        "avoided_cost_usd",
        "latency_ms",
        "similarity",
        "stream",
        "model",
        "input_tokens",
        "ttft_ms",
    ]
    (frame,) = log.batches(EVERYTHING, LAST_DAY, names)
    assert csv_texts(frame, names).row(0) == (
        "2026-11-21T23:00:00.001Z", "0.0000045", "2", "1.5", "0.93", "true", None, None, None,
    )  # fmt: skip


def test_a_word_that_looks_like_anything_is_shown_as_it_was_recorded(tmp_path: Path) -> None:
    odd = '=1+1,"x";ü\u2028'
    log = log_of(tmp_path, [row(user=odd)])
    assert log.page(EVERYTHING, LAST_DAY, Sort(), PAGE).rows[0]["user"] == odd
    assert log.count(EVERYTHING, over(NOW - DAY, NOW, Condition("user", "in", (odd,)))) == 1


# -- answers kept --------------------------------------------------------------------------------------


def test_the_same_question_is_computed_once_for_all_who_wait() -> None:
    results, computed, gate = Results(), [], threading.Event()

    def compute() -> int:
        gate.wait(10)
        computed.append(1)
        return 42

    answers: list[int] = []
    askers = [threading.Thread(target=lambda: answers.append(results.get("q", compute))) for _ in range(8)]
    for asker in askers:
        asker.start()
    gate.set()
    for asker in askers:
        asker.join(10)
    assert (answers, computed) == ([42] * 8, [1])


def test_a_failed_answer_is_not_kept() -> None:
    results = Results()
    with pytest.raises(BadQuery):
        results.get("q", lambda: (_ for _ in ()).throw(BadQuery("x", "no")))
    assert results.get("q", lambda: 1) == 1


def test_old_answers_give_way() -> None:
    results = Results(size=2)
    for number in range(3):
        results.get(number, lambda: "first")
    assert [results.get(number, lambda: "again") for number in (2, 1, 0)] == ["first", "first", "again"]
