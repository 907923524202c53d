"""The audit record: what is on it, and that changes to it show."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from typer.testing import CliRunner

from helix_dash.auth import audit
from helix_dash.auth.audit import AUDIT, HEAD, Event, append, entries, verify
from helix_dash.auth.users import USERS, create_token, create_user, disable_user, end_sessions
from helix_dash.cli import app as cli
from helix_dash.embedded import EmbeddedStore
from helix_dash.errors import StoreUnavailable
from helix_dash.store import connect
from webapp import PASSWORD, call, show_call, sign_in


def told(store: redis.Redis) -> list[tuple[str, str, str, str]]:
    """Who, action, object and result of every entry."""
    events = [entry.event for entry in entries(store)]
    return [(event.who, event.action, event.object, event.result) for event in events]


def filled(store: redis.Redis, count: int = 5) -> redis.Redis:
    for number in range(count):
        append(store, Event(who="account:alice", action="test", object=str(number)))
    return store


def test_entries_are_numbered_without_gaps_and_dated_in_utc(store: redis.Redis) -> None:
    found = list(entries(filled(store)))
    assert [entry.n for entry in found] == [1, 2, 3, 4, 5]
    assert all(entry.at.endswith("+00:00") for entry in found)


def test_an_untouched_record_is_whole(store: redis.Redis) -> None:
    verdict = verify(filled(store))
    assert (verdict.fault, verdict.entries, verdict.number) == ("", 5, 5)


def test_an_empty_record_is_whole(store: redis.Redis) -> None:
    assert verify(store).fault == ""


def _second(store: redis.Redis) -> Any:
    return store.xrange(AUDIT)[1]


def _change(store: redis.Redis) -> None:
    """Deletes everything from the second entry on and adds it anew, the second one changed: streams cannot be edited."""
    rows: Any = store.xrange(AUDIT)
    store.delete(AUDIT)
    for number, (identity, fields) in enumerate(rows):
        changed = fields[b"e"].replace(b"alice", b"mallory") if number == 1 else fields[b"e"]
        store.xadd(AUDIT, {"e": changed, "h": fields[b"h"]}, id=identity)


TAMPERING: dict[str, Callable[[redis.Redis], Any]] = {
    "an entry changed": _change,
    "one taken out": lambda store: store.xdel(AUDIT, _second(store)[0]),
    "the oldest taken out": lambda store: store.xtrim(AUDIT, maxlen=4, approximate=False),
    "the newest taken out": lambda store: store.xdel(AUDIT, store.xrevrange(AUDIT, count=1)[0][0]),
    "one added": lambda store: store.xadd(AUDIT, _second(store)[1]),
    "nonsense added": lambda store: store.xadd(AUDIT, {"e": "{", "h": ""}),
    "fields without a digest": lambda store: store.xadd(AUDIT, {"e": "{}"}),
    "all of it deleted": lambda store: store.delete(AUDIT),
    "its end forgotten": lambda store: store.delete(HEAD),
    "its end moved": lambda store: store.hset(HEAD, "n", 4),
}


@pytest.mark.parametrize("tamper", TAMPERING.values(), ids=TAMPERING)
def test_whatever_is_done_to_the_record_shows(
    store: redis.Redis, tamper: Callable[[redis.Redis], Any]
) -> None:
    """T64."""
    tamper(filled(store))
    assert verify(store).fault


def test_the_oldest_entries_go_when_there_are_too_many(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST", 10)
    monkeypatch.setattr(audit, "_SWEEP_EVERY", 4)
    filled(store, 40)
    assert [entry.n for entry in entries(store)] == list(range(31, 41))
    assert verify(store).fault == ""


def test_entries_go_when_they_are_too_old(store: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(store, 3)
    monkeypatch.setattr(audit, "KEPT", timedelta(days=-1))
    monkeypatch.setattr(audit, "_SWEEP_EVERY", 4)
    filled(store, 1)
    assert [entry.n for entry in entries(store)] == [
        3,
        4,
    ]  # the last of the old ones goes with the next sweep
    assert verify(store).fault == ""


def test_a_record_that_was_swept_still_shows_what_was_changed(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T64: of the oldest entry that was kept, too, though the one before it is gone."""
    monkeypatch.setattr(audit, "MOST", 4)
    monkeypatch.setattr(audit, "_SWEEP_EVERY", 4)
    filled(store, 8)
    rows: Any = store.xrange(AUDIT)
    store.delete(AUDIT)
    for number, (identity, fields) in enumerate(rows):
        changed = fields[b"e"].replace(b"alice", b"mallory") if number == 0 else fields[b"e"]
        store.xadd(AUDIT, {"e": changed, "h": fields[b"h"]}, id=identity)
    assert verify(store).fault == "Entry 5 was changed."


def test_writers_at_the_same_time_make_one_chain(web_store: EmbeddedStore, store: redis.Redis) -> None:
    def write() -> None:
        with connect(web_store.url, retries=0) as mine:
            filled(mine, 20)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = verify(store)
    assert (verdict.fault, verdict.entries) == ("", 80)


def test_what_cannot_be_printed_is_not_kept_as_it_is(store: redis.Redis) -> None:
    append(store, Event(who="account:a\r\nb", action="test", object="x" * 5000))
    (entry,) = entries(store)
    assert entry.event.who == "account:a\ufffd\ufffdb"
    assert len(entry.event.object) == 300


def test_an_account_and_its_entry_are_written_together_or_not_at_all(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T64: no change without an entry."""
    store.set(AUDIT, "not a stream")
    with pytest.raises(StoreUnavailable):
        create_user(store, "alice", PASSWORD, "viewer")
    assert store.hlen(USERS) == 0


def test_every_change_of_accounts_and_tokens_is_on_record(store: redis.Redis) -> None:
    by = Event(who="operator:root", action="")
    create_user(store, "alice", PASSWORD, "viewer", by=by)
    create_user(store, "alice", PASSWORD, "editor", reset=True, by=by)
    end_sessions(store, "alice", by=by)
    disable_user(store, "alice", by=by)
    create_token(store, "billing", "analyst", by=by)
    assert told(store) == [
        ("operator:root", "account.created", "account:alice", "done"),
        ("operator:root", "account.reset", "account:alice", "done"),
        ("operator:root", "sign-out.everywhere", "account:alice", "done"),
        ("operator:root", "account.disabled", "account:alice", "done"),
        ("operator:root", "token.created", "token:billing", "done"),
    ]


def test_the_command_line_is_told_by_the_systems_user(store: redis.Redis) -> None:
    create_token(store, "billing")
    (entry,) = entries(store)
    assert entry.event.who.startswith("operator:")


def test_no_secret_is_on_the_record(client: FlaskClient, store: redis.Redis) -> None:
    """T63: neither a password, nor what was typed as a name and may be one, nor a token."""
    create_user(store, "alice", PASSWORD, "viewer")
    secret = create_token(store, "billing")
    sign_in(client, "my password is hunter2", "the wrong password")
    sign_in(client, "alice", "another wrong one")
    sign_in(client, "alice")
    everything = str(store.xrange(AUDIT))
    for hidden in (PASSWORD, secret, "hunter2", "wrong one", "wrong password!"):
        assert hidden not in everything


@pytest.fixture
def record(people: redis.Redis) -> redis.Redis:
    """A store with accounts, whose record is still empty."""
    people.delete(AUDIT, HEAD)
    return people


def test_a_sign_in_and_a_sign_out_are_on_record(client: FlaskClient, record: redis.Redis) -> None:
    sign_in(client, "viewer")
    client.post("/logout")
    assert told(record) == [
        ("account:viewer", "sign-in", "account:viewer", "done"),
        ("account:viewer", "sign-out", "account:viewer", "done"),
    ]


def test_a_refused_sign_in_is_on_record(client: FlaskClient, record: redis.Redis) -> None:
    sign_in(client, "viewer", "wrong password!")
    sign_in(client, "nobody of that name")
    disable_user(record, "editor", by=Event(who="operator:root", action=""))
    sign_in(client, "editor")
    refused = [entry.event for entry in entries(record) if entry.event.result == "refused"]
    assert [(event.object, event.detail) for event in refused] == [
        ("account:viewer", "wrong password"),
        ("(no such account)", "wrong name"),
        ("account:editor", "disabled"),
    ]


def test_an_entry_names_the_request_and_the_address(client: FlaskClient, record: redis.Redis) -> None:
    answer = sign_in(client, "viewer")
    (entry,) = entries(record)
    assert entry.event.request == answer.headers["X-Request-ID"]
    assert entry.event.address == "127.0.0.1"


def test_a_forbidden_call_and_a_forbidden_page_are_on_record(
    client: FlaskClient, record: redis.Redis
) -> None:
    """T03; issue B, shown 2."""
    sign_in(client, "viewer")
    call(client, "purged.children", inputs=[("purge.n_clicks", 1)])
    client.get("/secret")
    assert told(record)[1:] == [
        ("account:viewer", "refused", "purged.children", "refused"),
        ("account:viewer", "refused", "/secret", "refused"),
    ]


def test_a_flood_of_refusals_does_not_fill_the_record(
    client: FlaskClient, record: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever can be refused could push out what is on it."""
    from helix_dash.auth import trail

    monkeypatch.setattr(trail, "PER_SOURCE", 3)
    sign_in(client, "viewer")
    for _ in range(6):
        assert client.get("/secret").status_code == 403
    assert len(told(record)) == 1 + 3


def test_without_the_store_refusals_and_reads_go_on(
    client: FlaskClient, record: redis.Redis, web_store: EmbeddedStore, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in(client, "viewer")
    web_store.stop()
    assert show_call(client).status_code == 200
    assert client.get("/secret").status_code == 403
    assert any('"refused": 403' in line for line in caplog.messages)
    assert any('"audit": "not written"' in line for line in caplog.messages)


def test_without_its_entry_nobody_signs_in(client: FlaskClient, record: redis.Redis) -> None:
    """T64: an audit record that cannot be written stops what must be on it."""
    record.set(AUDIT, "not a stream")
    assert sign_in(client, "viewer").status_code == 503
    assert client.get("/").status_code == 302


def test_what_is_revealed_is_on_record_before_it_is_shown(app: Flask, record: redis.Redis) -> None:
    from helix_dash.auth import trail

    @app.get("/login/reveal")
    def reveal() -> str:
        trail.revealed("incident:7")
        return "it"

    client = app.test_client()
    sign_in(client, "admin")
    assert client.get("/login/reveal").text == "it"
    assert told(record)[-1] == ("account:admin", "revealed", "incident:7", "done")
    record.set(AUDIT, "not a stream")
    assert client.get("/login/reveal").status_code == 503


def test_signing_out_everywhere_ends_every_session_of_the_account(app: Flask, record: redis.Redis) -> None:
    """T27."""
    here, there, other = app.test_client(), app.test_client(), app.test_client()
    for client, name in ((here, "viewer"), (there, "viewer"), (other, "editor")):
        sign_in(client, name)
    assert here.post("/logout?everywhere=1").status_code == 302
    assert show_call(there).status_code == 401
    assert show_call(other).status_code == 200
    assert told(record)[-1] == ("account:viewer", "sign-out.everywhere", "account:viewer", "done")


def test_a_link_alone_signs_out_here_only(app: Flask, record: redis.Redis) -> None:
    here, there = app.test_client(), app.test_client()
    for client in (here, there):
        sign_in(client, "viewer")
    here.get("/logout?everywhere=1")
    assert show_call(there).status_code == 200


@pytest.mark.parametrize(("changed", "code"), [(False, 0), (True, 1)])
def test_the_command_line_verifies_it(
    web_store: EmbeddedStore, store: redis.Redis, changed: bool, code: int
) -> None:
    """T64."""
    filled(store)
    if changed:
        _change(store)
    result = CliRunner().invoke(cli, ["verify", "--redis-url", web_store.url])
    assert result.exit_code == code
    assert ("Entry 2 was changed." in result.stdout) is changed


def test_a_store_that_is_gone_leaves_nothing_half_done(tmp_path: Path) -> None:
    with connect(f"unix://{tmp_path}/none.sock", retries=0) as gone, pytest.raises(StoreUnavailable):
        append(gone, Event(who="account:alice", action="test"))
