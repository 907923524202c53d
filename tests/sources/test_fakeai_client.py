"""The client of FakeAI over recorded answers of the real server; the fake is at the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from helix_dash.errors import SourceError
from helix_dash.sources.fakeai import endpoints
from helix_dash.sources.fakeai.answers import live_rates_of, masked
from helix_dash.sources.fakeai.client import FakeAIClient
from helix_dash.sources.fakeai.endpoints import ALWAYS, FORBIDDEN, Endpoint

SAMPLES = Path(__file__).parents[1] / "data" / "fakeai"


def recorded(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def client(answer: Callable[[httpx.Request], httpx.Response], **options: Any) -> FakeAIClient:
    return FakeAIClient("http://fakeai.test", transport=httpx.MockTransport(answer), **options)


def says(name: str) -> FakeAIClient:
    sample = recorded(name)
    return client(lambda _: httpx.Response(sample["status"], json=sample["body"]))


def test_seconds_of_the_metrics_become_milliseconds() -> None:
    """F11"""
    chat = says("metrics").ask(endpoints.RATES)["/v1/chat/completions"]
    assert chat.latency_ms_p50 == pytest.approx(35.596, abs=0.001)


def test_a_path_without_responses_has_no_latency() -> None:
    found = says("metrics").ask(endpoints.RATES)
    assert all(one.latency_ms_p50 is None for one in found.values() if one.responses_per_second is None)


def test_the_kv_cache_is_read_with_its_workers() -> None:
    found = says("kv_cache_metrics").ask(endpoints.KV_CACHE)
    assert (found.tokens_reused, found.tokens_processed, found.block_size) == (9215, 9451, 16)
    assert found.workers["worker-0"].total_requests == 76


def test_more_tokens_reused_than_seen_are_no_more_than_seen() -> None:
    body = recorded("kv_cache_metrics")["body"]
    body["cache_performance"]["cached_tokens_reused"] = 10**9
    found = client(lambda _: httpx.Response(200, json=body)).ask(endpoints.KV_CACHE)
    assert found.tokens_reused == found.tokens_processed


def test_a_key_is_masked_before_anybody_sees_it() -> None:
    found = says("rate_limits_key_gamma").ask(endpoints.KEY_LIMITS, "sk-helix-team-gamma-0003")
    assert "sk-helix" not in repr(found)
    assert found.key.startswith("…0003 ")


def test_keys_in_abuse_patterns_are_masked() -> None:
    found = says("rate_limits_abuse_patterns").ask(endpoints.ABUSE)
    assert "sk-helix" not in repr(found)
    assert found[0].key == "anonymous"


def test_two_keys_with_the_same_end_are_told_apart() -> None:
    assert masked("sk-helix-team-one-0003") != masked("sk-helix-team-two-0003")


def test_a_short_key_shows_none_of_its_characters() -> None:
    assert "abcd" not in masked("abcd1234")


@pytest.mark.parametrize("path", [*sorted(FORBIDDEN), *(path + "/" for path in sorted(FORBIDDEN))])
def test_an_endpoint_that_freezes_the_server_is_never_asked(path: str) -> None:
    """F11: one call of these stops the server for ever."""
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json={})

    with pytest.raises(ValueError, match="freezes"):
        client(answer).ask(Endpoint("x", path, dict, 1))
    assert asked == []


def test_no_question_of_ours_is_one_that_freezes_the_server() -> None:
    assert not {one.path for one in (*ALWAYS, endpoints.KEY_LIMITS)} & FORBIDDEN


def test_a_redirect_is_not_followed() -> None:
    paths = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        return httpx.Response(307, headers={"location": "/metrics/by-model"})

    with pytest.raises(SourceError):
        client(answer).ask(endpoints.RATES)
    assert paths == ["/metrics"]


def test_a_key_with_odd_characters_stays_one_part_of_the_path() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(404)

    with pytest.raises(SourceError):
        client(answer).ask(endpoints.KEY_LIMITS, "../../by-model?x=/")
    assert seen == [b"/metrics/rate-limits/key/..%2F..%2Fby-model%3Fx%3D%2F"]


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "unauthorized"), (403, "unauthorized"), (429, "throttled"), (500, "status")]
)
def test_all_forms_of_error_become_one(status: int, reason: str) -> None:
    with pytest.raises(SourceError) as caught:
        client(lambda _: httpx.Response(status, json={"detail": "sk-secret-in-a-body"})).ask(endpoints.HEALTH)
    assert (caught.value.reason, caught.value.status) == (reason, status)
    assert "secret" not in str(caught.value)


def test_200_with_an_error_inside_is_an_error() -> None:
    with pytest.raises(SourceError) as caught:
        says("metrics_by_model_unknown").ask(Endpoint("x", "/metrics/by-model/none", dict, 1))
    assert caught.value.reason == "refused"


@pytest.mark.parametrize("text", ["<html>Bad gateway</html>", "[1, 2", '"text"', "{}"])
def test_an_answer_that_is_something_else_is_unreadable(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        client(lambda _: httpx.Response(200, text=text)).ask(endpoints.KV_CACHE)
    assert caught.value.reason == "unreadable"


def test_a_broken_connection_is_tried_again() -> None:
    tries = []

    def answer(_: httpx.Request) -> httpx.Response:
        tries.append(1)
        if len(tries) < 3:
            raise httpx.ReadError("cut")
        return httpx.Response(200, json={"ready": True})

    assert client(answer).ask(endpoints.HEALTH) is True
    assert len(tries) == 3


@pytest.mark.parametrize(
    ("trouble", "reason"), [(httpx.ConnectError("no"), "unreachable"), (httpx.ReadTimeout("slow"), "timeout")]
)
def test_a_server_that_does_not_answer_is_told_apart_from_one_that_is_not_there(
    trouble: Exception, reason: str
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise trouble

    with pytest.raises(SourceError) as caught:
        client(answer).ask(endpoints.HEALTH)
    assert caught.value.reason == reason


def test_a_time_out_is_not_tried_again_for_a_frozen_server_stays_frozen() -> None:
    tries = []

    def answer(_: httpx.Request) -> httpx.Response:
        tries.append(1)
        raise httpx.ReadTimeout("slow")

    with pytest.raises(SourceError):
        client(answer).ask(endpoints.HEALTH)
    assert len(tries) == 1


def test_an_answer_is_kept_for_its_time_and_no_longer() -> None:
    """F11: a time-to-live per endpoint."""
    now, asked = [0.0], []

    def answer(_: httpx.Request) -> httpx.Response:
        asked.append(1)
        return httpx.Response(200, json={"ready": True})

    one = client(answer, clock=lambda: now[0])
    for moment in (0.0, 1.0, 8.9, 9.5):
        now[0] = moment
        one.ask(endpoints.HEALTH)
    assert len(asked) == 2


def test_the_token_goes_only_where_it_is_needed() -> None:
    seen = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen[request.url.path] = request.headers.get("authorization")
        return httpx.Response(200, json={"ready": True, "data": []})

    one = client(answer, token="sk-of-the-dashboard")
    one.ask(endpoints.HEALTH)
    one.ask(endpoints.MODEL_FACTS)
    assert seen == {"/health": None, "/v1/models": "Bearer sk-of-the-dashboard"}


def test_a_frame_of_the_websocket_tells_the_same_rates_in_its_own_units() -> None:
    """F7.1"""
    frame = next(
        event["frame"]
        for event in recorded("ws_metrics_stream_full")
        if event.get("frame", {}).get("type") == "metrics_update"
    )
    chat = live_rates_of(frame["data"])["/v1/chat/completions"]
    assert chat.latency_ms_p99 == pytest.approx(118.691, abs=0.001)
    assert chat.requests_per_second == pytest.approx(10.829, abs=0.001)


def test_a_frame_whose_latencies_were_filtered_away_has_none() -> None:
    found = live_rates_of({"throughput": {"requests_per_sec": {"/v1/x": 1.0}}, "latency": {"/v1/x": {}}})
    assert found["/v1/x"].latency_ms_p50 is None
