"""A small table as a CSV file, for spreadsheets: RFC 4180, and no text that one of them would run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from helix_dash.ui.format import UNKNOWN

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """``head`` and ``rows`` as the lines of a file; what is unknown is empty."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_cell(text) for text in row] for row in rows)
    return made.getvalue()


def _cell(text: str) -> str:
    if text == UNKNOWN:
        return ""
    return f"'{text}" if text.startswith(_FORMULA) else text
