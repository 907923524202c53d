"""Saved views: whose they are, who sees and changes them, what is refused, what is on record."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis

from helix_dash.auth import audit
from helix_dash.saved_views import store as views

SignedIn = Callable[[str], Any]
PATH = "/api/v1/views"


def events(store: redis.Redis) -> list[tuple[str, str, str]]:
    return [
        (one.event.who, one.event.action, one.event.result)
        for one in audit.entries(store)
        if "view" in one.event.action
    ]


def test_a_view_is_there_again_as_it_was_saved(signed_in: SignedIn) -> None:
    """X18."""
    ann = signed_in("ann")
    saved = ann.save("Errors", search="?from=now-7d&status=error&model!=gpt-4o&zone=Europe/Berlin")
    assert ann.views() == [saved]
    assert (saved["path"], saved["shared"], saved["default"]) == ("/", False, False)


def test_a_personal_view_is_nobody_elses(signed_in: SignedIn) -> None:
    """X18: not even an administrator's."""
    signed_in("ann").save()
    assert signed_in("admin").views() == []


def test_a_shared_view_is_seen_by_the_same_organization_and_by_those_who_see_all(signed_in: SignedIn) -> None:
    """X18, T06: an address names users and models."""
    signed_in("ed").save("Of acme", shared=True)
    signed_in("admin").save("Of all", shared=True)
    assert signed_in("ann").names() == ["Of acme"]
    assert signed_in("bob").names() == []
    assert signed_in("viewer").names() == ["Of acme", "Of all"]


@pytest.mark.parametrize("name", ["viewer", "analyst", "ann"])
def test_sharing_takes_an_editor(signed_in: SignedIn, name: str) -> None:
    """T03."""
    client = signed_in(name)
    answer = client.post(PATH, json={"name": "Mine for all", "path": "/", "search": "", "shared": True})
    assert answer.status_code == 403
    assert not client.get(PATH).json["may_share"]


def test_a_shared_view_is_changed_by_editors_only(signed_in: SignedIn) -> None:
    """T03."""
    identity = signed_in("ed").save(shared=True)["id"]
    ann = signed_in("ann")
    assert ann.patch(f"{PATH}/{identity}", json={"name": "Hers"}).status_code == 403
    assert ann.delete(f"{PATH}/{identity}").status_code == 403
    assert signed_in("editor").patch(f"{PATH}/{identity}", json={"name": "Theirs"}).status_code == 200


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_view_of_somebody_else_is_not_there(signed_in: SignedIn, method: str) -> None:
    """T06: it looks like one that does not exist."""
    theirs = signed_in("ann").save()["id"]
    shared = signed_in("bob").save(shared=True)["id"]
    ed = signed_in("ed")
    answers = [
        getattr(ed, method)(f"{PATH}/{identity}", json={"name": "x"})
        for identity in (theirs, shared, "0" * 16)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


def test_a_view_is_renamed_and_deleted(signed_in: SignedIn) -> None:
    ann = signed_in("ann")
    identity = ann.save()["id"]
    assert ann.patch(f"{PATH}/{identity}", json={"name": " Failures "}).json["name"] == "Failures"
    assert ann.names() == ["Failures"]
    assert ann.delete(f"{PATH}/{identity}").status_code == 204
    assert ann.views() == []


def test_one_view_at_most_opens_at_the_start(signed_in: SignedIn) -> None:
    ann = signed_in("ann")
    first, second = ann.save("A")["id"], ann.save("B")["id"]
    for identity in (first, second):
        ann.patch(f"{PATH}/{identity}", json={"default": True})
    assert [view["default"] for view in ann.views()] == [False, True]
    ann.patch(f"{PATH}/{second}", json={"default": False})
    assert [view["default"] for view in ann.views()] == [False, False]


def test_the_layout_of_the_next_visit_knows_the_view_to_open(signed_in: SignedIn) -> None:
    def home() -> Any:
        text = json.dumps(ann.get("/_dash-layout").json)
        return json.loads(text[text.index('"home": ') + 8 :].split(', "pages"')[0])

    ann = signed_in("ann")
    identity = ann.save(search="?status=error")["id"]
    assert home() is None
    ann.patch(f"{PATH}/{identity}", json={"default": True})
    assert home() == ["/", "?status=error"]
    ann.delete(f"{PATH}/{identity}")
    assert home() is None


def test_every_change_is_on_record_with_who_made_it(signed_in: SignedIn, people: redis.Redis) -> None:
    """T50."""
    ed = signed_in("ed")
    identity = ed.save(shared=True)["id"]
    for change in ({"name": "Other"}, {"default": True}, {"default": False}):
        ed.patch(f"{PATH}/{identity}", json=change)
    ed.delete(f"{PATH}/{identity}")
    actions = ["view.saved", "view.renamed", "view.chosen", "view.unchosen", "view.deleted"]
    assert events(people) == [("account:ed", action, "done") for action in actions]
    assert audit.verify(people).fault == ""


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""}, {"name": "   "}, {"name": "x" * 81}, {"name": "a\nb"}, {"name": "\ud800"}, {"name": 7}, {"name": None},
        {"path": "/nowhere"}, {"path": "//evil.example"}, {"path": "https://evil.example/"}, {"path": 1},
        {"search": "status=error"}, {"search": "?nothing=1"}, {"search": "?from=yesterday"}, {"search": "?status=odd"},
        {"search": "?" + "model=x&" * 600}, {"search": "?model=" + "x" * 4000}, {"search": "?zone=Nowhere"},
        {"search": "javascript:alert(1)"}, {"search": "?status=error#\u2028"}, {"shared": "yes"}, {"owner": "account:admin"},
        {"id": "0" * 16}, {"organization": None},
    ],
    ids=repr,
)  # fmt: skip
def test_a_body_no_page_sends_is_refused(signed_in: SignedIn, body: dict[str, Any]) -> None:
    """T07, T52: nothing is saved."""
    ann = signed_in("ann")
    answer = ann.post(PATH, json={"name": "Errors", "path": "/", "search": "", "shared": False} | body)
    assert answer.status_code == 400
    assert ann.views() == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'"x"', b"\xff", b"[" * 5000, b'{"name":"a"}'])
def test_what_is_no_view_at_all_is_refused(signed_in: SignedIn, body: bytes) -> None:
    """T07."""
    answer = signed_in("ann").post(PATH, data=body, content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize("size", [20_000, 3 * 2**20])
def test_a_body_that_is_too_long_is_refused(signed_in: SignedIn, size: int) -> None:
    """T52."""
    answer = signed_in("ann").post(PATH, data=b'{"name":"' + b"x" * size + b'"}', content_type="application/json")  # fmt: skip
    assert answer.status_code in (400, 413)


@pytest.mark.parametrize("body", [{}, {"default": "yes"}, {"name": ""}, {"shared": True}, {"search": "?a=b"}])
def test_a_change_that_is_none_is_refused(signed_in: SignedIn, body: dict[str, Any]) -> None:
    """T07."""
    ann = signed_in("ann")
    identity = ann.save()["id"]
    assert ann.patch(f"{PATH}/{identity}", json=body).status_code == 400
    assert ann.names() == ["Errors"]


@pytest.mark.parametrize("identity", ["x", "0" * 200, "%00", "default", "*"])
def test_an_id_that_is_none_is_not_found(signed_in: SignedIn, identity: str) -> None:
    """T07."""
    assert signed_in("admin").delete(f"{PATH}/{identity}").status_code == 404


def test_a_view_of_a_page_they_may_not_see_is_neither_saved_nor_shown(
    signed_in: SignedIn, people: redis.Redis
) -> None:
    """T05."""
    signed_in("admin").save("Incidents", path="/secret", shared=True)
    viewer = signed_in("viewer")
    assert viewer.names() == []
    assert viewer.post(PATH, json={"name": "Mine", "path": "/secret"}).status_code == 403


def test_a_name_is_there_once(signed_in: SignedIn) -> None:
    ann = signed_in("ann")
    ann.save("Errors")
    other = ann.save("Other")["id"]
    assert ann.post(PATH, json={"name": "errors", "path": "/"}).status_code == 400
    assert ann.patch(f"{PATH}/{other}", json={"name": "ERRORS"}).status_code == 400
    assert ann.patch(f"{PATH}/{other}", json={"name": "OTHER"}).status_code == 200


def test_nobody_keeps_more_views_than_fit(signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """T52."""
    monkeypatch.setattr(views, "MOST_OWN", 2)
    monkeypatch.setattr(views, "MOST_SHARED", 1)
    ed = signed_in("ed")
    ed.save("A")
    ed.save("B")
    answer = ed.post(PATH, json={"name": "C", "path": "/"})
    assert (answer.status_code, "delete one" in answer.text) == (400, True)
    ed.save("S", shared=True)
    assert ed.post(PATH, json={"name": "T", "path": "/", "shared": True}).status_code == 400
    signed_in("bob").save("S", shared=True)


def test_another_site_cannot_save_a_view(signed_in: SignedIn) -> None:
    """T08."""
    ann = signed_in("ann")
    body = {"name": "Theirs", "path": "/"}
    assert ann.post(PATH, json=body, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ann.post(PATH, json=body, headers={"Origin": "https://evil.example"}).status_code == 403
    assert ann.views() == []


def test_a_damaged_record_is_left_out(signed_in: SignedIn, people: redis.Redis) -> None:
    ann = signed_in("ann")
    ann.save()
    people.hset(views.own_key("account:ann"), "broken", b"\xff{")
    people.hset(views.SHARED, "broken", b"{}")
    assert ann.names() == ["Errors"]
