"""Writes the tables of docs/ that code knows better than prose: ``make docs``. A test holds them equal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from helix_dash.auth.policy import LEAST_ROLE
from helix_dash.log.schema import SHOWN
from helix_dash.metrics.trust import RULES
from helix_dash.settings import TABLE

FOLDER = Path(__file__).parent


def settings() -> str:
    """Every setting, in the order of the table in code."""
    rows = (
        (
            f"`{row.name}`",
            f"`{row.default}`" if row.default else "",
            row.unit,
            row.meaning + (f" Old name: `{row.old}`." if row.old else ""),
            _code(row.example),
        )
        for row in TABLE
    )
    return _table(("Setting", "Default", "Unit", "Meaning", "Example"), rows)


def columns() -> str:
    """Every column that is shown."""
    shown = {
        "time": "ISO 8601, UTC, ms",
        "word": "text",
        "text": "text",
        "count": "whole number",
        "money": "US dollars",
        "duration": "milliseconds",
        "share": "0 to 1",
        "rate": "per second",
        "flag": "true or false",
    }
    rows = ((f"`{column.name}`", column.title, shown[column.kind], column.help) for column in SHOWN)
    return _table(("Column", "Title", "Holds", "Meaning"), rows)


def permissions() -> str:
    """Every permission and the least role that holds it."""
    return _table(("Permission", "Least role"), ((f"`{name}`", role) for name, role in LEAST_ROLE.items()))


def trust() -> str:
    """Every signal of the trust bar, and where it turns amber and red."""
    rows = ((f"`{rule.key}`", rule.label, rule.meaning, rule.amber, rule.red, rule.advice) for rule in RULES)
    return _table(("Signal", "Shown as", "Meaning", "Amber", "Red", "What to do"), rows)


TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "settings": ("settings.md", settings),
    "columns": ("api.md", columns),
    "permissions": ("deployment.md", permissions),
    "trust": ("trust.md", trust),
}
"""Name of the mark → the document it stands in, and who makes the table."""


def with_tables(name: str, text: str) -> str:
    """``text`` of the document ``name`` with its tables as they should be."""
    for mark, (document, make) in TABLES.items():
        if document == name:
            block = f"<!-- {mark}: made by `make docs` -->\n{make()}<!-- /{mark} -->"
            text = re.sub(rf"<!-- {mark}:.*?<!-- /{mark} -->", lambda _, block=block: block, text, flags=re.S)
    return text


def main() -> int:
    """Writes every document again."""
    for name in {document for document, _ in TABLES.values()}:
        path = FOLDER / name
        path.write_text(with_tables(name, path.read_text("utf-8")), "utf-8")
    return 0


def _code(text: str) -> str:
    return text if text.startswith(("a ", "at ", "the ")) else f"`{text}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
