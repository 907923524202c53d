"""What is written agrees with what the code does."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from helix_dash.api.routes import SUMMARY
from helix_dash.cli import app
from helix_dash.log.keys import LogKeys
from helix_dash.log.schema import SHOWN
from helix_dash.pages import SECTIONS
from helix_dash.query_params import PAGE_ONLY
from helix_dash.settings import TABLE, Settings

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "helix_dash"
DOCS = ROOT / "docs"
LOCKS = ("requirements/run.lock", "requirements/test.lock")
VERBS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def _text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def _code() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.py")))


def _files() -> Iterator[Path]:
    """Every text of the repository that is ours."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        ours = not any(part.startswith((".venv", ".git", "__pycache__", "node_modules")) for part in parts)
        ours = ours and not re.match(r"\.\w+_cache$|\.hypothesis$|build$|dist$", parts[0])
        if ours and path.is_file() and path.suffix not in {".png", ".woff2", ".pyc"}:
            yield path


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_setting_is_documented(row: object) -> None:
    assert f"| `{row.name}` |" in _text("docs/settings.md")  # type: ignore[attr-defined]


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Settings)])
def test_every_setting_is_used(field: str) -> None:
    code = _code().replace((SOURCE / "settings.py").read_text("utf-8"), "")
    names = [row.name for row in TABLE if row.field == field]
    assert re.search(rf"\.{field}\b", code) or f"'{names[0]}'" in _gunicorn()


def _gunicorn() -> str:
    return _text("gunicorn.conf.py").replace('"', "'")


@pytest.mark.parametrize("name", ["settings.md", "api.md", "deployment.md", "trust.md"])
def test_the_tables_of_the_documents_are_what_the_code_says(name: str) -> None:
    """`make docs` writes them."""
    spec = importlib.util.spec_from_file_location("tables", DOCS / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    assert tables.with_tables(name, _text(f"docs/{name}")) == _text(f"docs/{name}")


@pytest.mark.parametrize("name", sorted(PAGE_ONLY | {"from", "to", "zone"}))
def test_every_parameter_of_an_address_is_documented(name: str) -> None:
    assert re.search(rf"^[|-].*`{name}`", _text("docs/api.md"), re.M)


@pytest.mark.parametrize("name", sorted(PAGE_ONLY | {"from", "to", "zone"}))
def test_browser_and_server_know_the_same_parameters(name: str) -> None:
    """A name only one of them knows would be taken for a column by the other."""
    own = re.search(r"const OWN = \[(.*?)\]", _text("assets/address.js"))
    assert own
    assert f'"{name}"' in own.group(1)


def test_every_key_of_the_log_is_documented() -> None:
    keys = LogKeys()
    properties = [
        name for name, value in vars(LogKeys).items() if isinstance(value, property) and name != "tag"
    ]
    names = [getattr(keys, name) for name in properties]
    names += [keys.rows("<segment>"), keys.cube("<segment>")]
    documented = _text("docs/redis.md")
    assert [name for name in names if f"`{name}`" not in documented] == []


def test_every_other_key_is_documented() -> None:
    code = _code()
    names = re.findall(r'APP \+ "([^"{]+)"', code) + re.findall(r'f"\{APP\}([a-z-]+:?[a-z]*)', code)
    documented = _text("docs/redis.md")
    assert names
    assert [name for name in names if f"`helixdash:{{app}}:{name}" not in documented] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_is_in_the_readme(verb: str) -> None:
    assert f"`helix-dash {verb}" in _text("README.md")


def test_every_command_that_a_document_names_exists() -> None:
    texts = [path.read_text("utf-8") for path in [ROOT / "README.md", *DOCS.rglob("*.md")]]
    named = {verb for text in texts for verb in re.findall(r"helix-dash ([a-z][a-z-]+)", text)}
    assert named <= set(VERBS)


def test_every_make_command_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), flags=re.M))
    texts = [path.read_text("utf-8") for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]]
    named = {name for text in texts for name in re.findall(r"(?:`|^ {4})make ([a-z-]+)", text, flags=re.M)}
    assert named <= targets


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.key)
def test_every_page_is_in_the_readme(section: object) -> None:
    assert f"**{section.title}**" in _text("README.md")  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", SUMMARY)
def test_every_figure_of_the_summary_is_documented(name: str) -> None:
    assert f"`{name}`" in _text("docs/api.md")


@pytest.mark.parametrize("column", SHOWN, ids=lambda column: column.name)
def test_every_column_is_documented(column: object) -> None:
    assert f"| `{column.name}` |" in _text("docs/api.md")  # type: ignore[attr-defined]


def test_every_link_within_the_documents_leads_somewhere() -> None:
    links = [
        (path, target)
        for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8"))
    ]
    assert [target for path, target in links if not (path.parent / target).exists()] == []


def test_the_locks_name_no_address() -> None:
    assert "://" not in _text("requirements/run.lock") + _text("requirements/test.lock")


def test_the_app_runs_with_the_versions_that_were_tested() -> None:
    pins = {name: set(re.findall(r"^([\w.-]+==[^ \\]+)", _text(name), flags=re.M)) for name in LOCKS}
    assert pins[LOCKS[0]] <= pins[LOCKS[1]]


def test_nothing_names_a_place_of_one_machine_or_a_package_registry() -> None:
    """A clone must work anywhere; the words are put together here so that this file does not find itself."""
    words = [
        "/" + "work/",
        "/" + "root/",
        "/" + "home/",
        "pypi" + ".org",
        "python" + "hosted",
        "/opt/" + "pypi",
    ]
    pattern = re.compile("|".join(re.escape(word) for word in words))
    texts = {str(path.relative_to(ROOT)): path.read_text("utf-8", errors="replace") for path in _files()}
    assert {name: match[0] for name, text in texts.items() if (match := pattern.search(text))} == {}
