"""Small tables as files."""

from __future__ import annotations

import csv
import io

import pytest

from helix_dash.ui.csv_text import csv_text


def test_what_goes_in_comes_out() -> None:
    rows = [["a, b", 'say "hi"'], ["two\nlines", "ü"]]
    assert list(csv.reader(io.StringIO(csv_text(["x", "y"], rows), newline=""))) == [["x", "y"], *rows]


def test_unknown_is_empty() -> None:
    assert csv_text(["x", "y"], [["—", "1"]]) == "x,y\r\n,1\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_a_spreadsheet_runs_nothing_of_it(text: str) -> None:
    """T: formulas in names."""
    assert csv_text(["x"], [[text]]).splitlines()[1].lstrip('"').startswith("'")
