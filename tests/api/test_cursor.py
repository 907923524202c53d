"""Cursors."""

from __future__ import annotations

import base64
import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helix_dash.api.cursor import Cursor, read
from helix_dash.errors import BadQuery

CURSOR = Cursor(
    100, 1_795_000_000_000_000, 1_795_100_000_000_000, 1_795_100_000_000_000, (("model", "gpt-4o"),)
)


def packed(*values: object) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(values)).rstrip(b"=").decode()


def test_a_cursor_is_read_back_as_it_was_given_out() -> None:
    assert read(CURSOR.text()) == CURSOR


def test_a_cursor_needs_no_escaping_in_an_address() -> None:
    assert set(CURSOR.text()) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "%%%",
        "AAAA",
        "é",
        packed(),
        packed(1, 2, 3),
        packed(-1, 1, 2, 3, ()),
        packed(10**13, 1, 2, 3, ()),
        packed(0, 2, 1, 3, ()),
        packed(0, 1, 2**63, 3, ()),
        packed(0, 1, 2, 2**63, ()),
        packed("0", 1, 2, 3, ()),
        packed(0, 1, 2, 3, (("a",),)),
        "A" * 30_000,
    ],
)
def test_what_was_never_given_out_is_refused(text: str) -> None:
    with pytest.raises(BadQuery) as refusal:
        read(text)
    assert refusal.value.field == "cursor"


@given(
    st.text(max_size=200) | st.binary(max_size=100).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
)
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    with contextlib.suppress(BadQuery):
        read(text)
