"""Texts that somebody wrote into the log, on their way out: T39, T40, T42, T48, T58. What browsers make of them is in
tests/browser/test_threats.py."""

from __future__ import annotations

import ast
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from whole import heard, signed_in

import helix_dash
from helix_dash.app import create_app
from helix_dash.auth.users import create_user
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.errors import InvalidRecord
from helix_dash.exports import csv_table
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.log.schema import to_wire
from helix_dash.pages.requests.grid import grid
from helix_dash.store import connect
from request_records import a_request, recorded
from webapp import PASSWORD, settings_for

SOURCE = Path(helix_dash.__file__).parent

LONG = [
    "x" * 200,
    "\N{COMBINING ACUTE ACCENT}" * 150,
    "\u05d0\u05d1\u05d2 abc",
    "\N{PILE OF POO}" * 50,
    "</script><b>",
    "='1'!A0",
]
REFUSED = ["x" * 10_000, "a\x00b", "a\u202eb", "\ud800", "a\nb", "\x1b[31m", "\u2028"]


def components() -> list[tuple[str, ast.Call]]:
    """Every call in our sources, with the name that is called."""
    return [
        (f"{path.name}:{node.lineno} {ast.unparse(node.func)}", node)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]


def test_no_component_that_lets_a_link_through_unchecked_gets_one() -> None:
    """T39: dbc passes ``javascript:`` on; html.A and dcc.Link do not."""
    bad = [
        name
        for name, call in components()
        if " dbc." in name and any(word.arg == "href" for word in call.keywords)
    ]
    assert bad == []


def test_nothing_that_runs_what_it_is_given_is_used() -> None:
    """T38, T39, T40."""
    words = {"dangerously_allow_code", "dangerously_allow_html", "srcDoc", "srcdoc"}
    bad = [
        name
        for name, call in components()
        if words & {word.arg for word in call.keywords}
        or name.endswith((" html.Iframe", " html.Script", " dcc.Markdown", " Markup", " eval", " exec"))
    ]
    assert bad == []


FORGED_GRIDS: list[Any] = [
    {"filterModel": {"model": {"filter": {"function": "alert(1)"}, "type": "contains"}}},
    {"filterModel": {"function": "alert(1)"}},
    {"sortModel": [{"colId": "model", "sort": {"function": "alert(1)"}}]},
    {
        "columnDefs": [{"valueFormatter": {"function": "alert(1)"}}],
        "dashGridOptions": {"theme": {"function": "alert(1)"}},
    },
    {"dangerously_allow_code": True},
]


@pytest.mark.parametrize("state", FORGED_GRIDS, ids=lambda state: json.dumps(state)[:40])
def test_a_grids_columns_are_the_same_whatever_an_address_says(state: Any) -> None:
    """T40: what the address gives goes into the grid's filter, which is data to it, and nowhere else."""
    made, plain = grid(state).to_plotly_json()["props"], grid(None).to_plotly_json()["props"]
    for props in (made, plain):
        props.pop("filterModel")
    assert [column.get("field") for column in made["columnDefs"]] == [
        column.get("field") for column in plain["columnDefs"]
    ]
    assert "alert" not in json.dumps(made)
    assert "dangerously_allow_code" not in made


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_a_text_that_cannot_be_shown_never_reaches_the_log(text: str) -> None:
    """T58: too long, control characters, directions, halves of characters."""
    with pytest.raises(InvalidRecord):
        to_wire(a_request(user=text))


@pytest.fixture(scope="module")
def strange(web_store: EmbeddedStore, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An app whose log holds strange texts, and of which the refused ones were sent too."""
    with connect(web_store.url) as client:
        client.flushall()
        create_user(client, "admin", PASSWORD, "admin")
    now = datetime.now(UTC)
    recorded(
        web_store.url,
        *(
            a_request(time=now - timedelta(minutes=n + 1), user=text, model=text)
            for n, text in enumerate(LONG)
        ),
    )
    Fold(web_store.url, retention=Retention(90)).step()
    return create_app(settings_for(web_store.url, tmp_path_factory.mktemp("strange")), open_log=open_log)


def test_a_text_that_can_be_shown_is_shown_as_it_is(strange: Flask) -> None:
    """T58."""
    found = signed_in(strange, "admin").get("/api/v1/requests").json["rows"]
    assert {row["user"] for row in found} == set(LONG)


@pytest.mark.parametrize("text", [*LONG, *REFUSED], ids=ascii)
def test_a_strange_text_in_a_question_finds_or_finds_nothing(strange: Flask, text: str) -> None:
    """T58."""
    client = signed_in(strange, "admin")
    with heard() as log:
        answer = client.get("/api/v1/requests", query_string={"user": text.encode("utf-8", "surrogatepass")})
    assert answer.status_code in (200, 400)
    assert log.stacks == []
    if answer.status_code == 200 and text in LONG:
        assert answer.json["total"] == 1


@pytest.mark.parametrize("text", [*LONG, *REFUSED], ids=ascii)
def test_a_strange_text_typed_into_a_picker_is_harmless(strange: Flask, text: str) -> None:
    """T58."""
    client = signed_in(strange, "admin")
    given = {"column": "user", "contains": text.encode("utf-8", "surrogatepass")}
    with heard() as log:
        answer = client.get("/api/v1/values", query_string=given)
    assert answer.status_code in (200, 400)
    assert log.stacks == []


def test_no_row_leaves_as_something_a_spreadsheet_would_run() -> None:
    """T42, T44: whatever stands at its beginning; exports/test_csv_table.py has the rest."""
    import polars as pl

    texts = [mark + rest for mark in "=+-@\t\r" for rest in ("", "1", "cmd|' /C calc'!A0", '";=1')]
    lines = csv_table.lines(pl.DataFrame({"user": texts}), ("user",)).decode()
    for line in lines.split("\r\n")[:-1]:
        assert line.lstrip('"').startswith("'") or line == ""
