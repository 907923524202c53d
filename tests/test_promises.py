"""docs/promises.md and the tests agree: a promise that is said to be kept has a test that says so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NUMBER = r"[FHCX](?:[1-9]|1\d|20)(?:\.\d)?"
PROMISES: dict[str, str] = dict(
    re.findall(
        rf"^\| ({NUMBER}) \| .* \| (kept|waits|part: .+) \|$",
        (ROOT / "docs" / "promises.md").read_text("utf-8"),
        flags=re.M,
    )
)
"""Every promise and its state."""


def _named() -> dict[str, list[str]]:
    """Promise numbers in docstrings of tests → the tests that carry them."""
    named: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for number in re.findall(rf"\b{NUMBER}\b(?!\.\d)", ast.get_docstring(node) or ""):
                    named.setdefault(number, []).append(f"{path.relative_to(ROOT)}::{node.name}")
    return named


NAMED = _named()


def _is_promised(number: str) -> bool:
    return number in PROMISES or any(promise.startswith(number + ".") for promise in PROMISES)


def test_every_promise_of_the_requirements_is_on_the_page() -> None:
    counts = {family: sum(number.startswith(family) for number in PROMISES) for family in "FHCX"}
    assert counts == {"F": 57, "H": 39, "C": 9, "X": 20}


def test_every_number_in_a_docstring_is_a_promise() -> None:
    """Threats are T01 and so on, faults are written as "fault 01": neither is taken for a promise."""
    assert {number: tests for number, tests in NAMED.items() if not _is_promised(number)} == {}


@pytest.mark.parametrize("number", [number for number, state in PROMISES.items() if state == "kept"])
def test_a_promise_that_is_kept_has_a_test(number: str) -> None:
    assert NAMED.get(number) or NAMED.get(number.partition(".")[0])


def test_what_has_no_test_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """`pytest tests/test_promises.py` shows it."""
    bare = {
        kind: [number for number, state in PROMISES.items() if number not in NAMED and state.startswith(kind)]
        for kind in ("part", "waits")
    }
    with capsys.disabled():
        for kind, numbers in bare.items():
            print(f"\nPromises without a test, {kind}: {' '.join(numbers)}")
    assert set(bare["part"]) | set(bare["waits"]) <= set(PROMISES)
