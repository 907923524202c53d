"""examples/one_more_page as it stands in the repository, and what is written about it."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from helix_dash import context
from helix_dash.app import create_app
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.model import Status
from helix_dash.pages import SECTIONS
from helix_dash.settings import Settings
from request_records import a_request, recorded
from webapp import body_of, people, settings, sign_in, store, web_store  # noqa: F401 - fixtures

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "one_more_page"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("finish_reasons")


@pytest.fixture
def client(page: ModuleType, settings: Settings, people: redis.Redis) -> Iterator[FlaskClient]:  # noqa: F811
    app = create_app(settings, sections=(*SECTIONS, page.SECTION), open_log=context.open_log)
    client = app.test_client()
    sign_in(client, "viewer")
    return client


def _shown(client: FlaskClient, url: str) -> dict[str, Any]:
    """What the page shows of a log with three answers and a failure."""
    now = datetime.now(UTC)
    times = [now - timedelta(minutes=minute) for minute in range(1, 5)]
    reasons = ("stop", "stop", "length", None)
    recorded(
        url,
        *(
            a_request(time=time, finish_reason=reason, status=Status.SUCCESS if reason else Status.ERROR)
            for time, reason in zip(times, reasons, strict=True)
        ),
    )
    Fold(url, retention=Retention(90)).step()
    state = {"from": "now-1h", "to": None, "where": {}, "grid": None}
    body = body_of(
        client.get("/_dash-dependencies").json,
        "hx-finish-0-count.children",
        {"hx-tick.data": {"n": 1}, "hx-filter.data": state},
    )
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200
    shown: dict[str, Any] = answer.json["response"]
    return shown


def test_the_page_is_in_the_menu_and_at_its_address(client: FlaskClient) -> None:
    """H9."""
    assert client.get("/finish-reasons").status_code == 200
    assert "Finish reasons" in client.get("/_dash-layout").text


def test_the_page_shows_what_the_log_holds(client: FlaskClient, settings: Settings) -> None:  # noqa: F811
    """H9."""
    shown = _shown(client, settings.redis_url)
    rows = [
        (shown[f"hx-finish-{row}-name"]["children"], shown[f"hx-finish-{row}-count"]["children"])
        for row in range(3)
    ]
    assert sorted(rows) == [("Unknown", "1"), ("length", "1"), ("stop", "2")]
    assert rows[0] == ("stop", "2")


def test_it_is_under_sixty_lines_of_code() -> None:
    """H9: blank lines, comments and docstrings aside."""
    assert 20 < sum(_lines(path.read_text("utf-8")) for path in FOLDER.rglob("*.py")) < 60


def _lines(source: str) -> int:
    tree = ast.parse(source)
    holders = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]
    spoken = {
        line
        for holder in holders
        if ast.get_docstring(holder) is not None
        for line in range(holder.body[0].lineno, (holder.body[0].end_lineno or 0) + 1)
    }
    code = enumerate(source.splitlines(), start=1)
    return sum(
        bool(line.strip()) and not line.lstrip().startswith("#") and number not in spoken
        for number, line in code
    )


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "examples/one_more_page/README.md"])
def test_the_line_that_registers_it_is_one_of_the_registry(document: str) -> None:
    """H9: what is written there is how the registry is written."""
    registry = (ROOT / "src" / "helix_dash" / "pages" / "__init__.py").read_text("utf-8")
    told = (ROOT / document).read_text("utf-8")
    assert "        finish_reasons.SECTION,\n" in told
    opening = re.search(r"^SECTIONS.*\(\n(    \w+\.[A-Z]+,\n)+\)$", registry, flags=re.M)
    assert opening
    assert opening[0].splitlines()[0] in told
