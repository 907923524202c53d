"""Numbers in few bytes."""

from __future__ import annotations

import json

import pytest

from helix_dash.ui.packed import FEW, Number, pack, unpack

MANY = list(range(FEW))


def test_few_numbers_stay_a_list() -> None:
    assert pack([1, None, 0.123456789]) == [1, None, 0.123457]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (MANY, "u1"),
        ([*MANY, 256], "u2"),
        ([*MANY, 65_536], "u4"),
        ([*MANY, 2**32], "f8"),
        ([*MANY, None], "f4"),
        ([*MANY, None, 2**24 + 1], "f8"),
        ([*MANY, 0.5], "f4"),
        ([*MANY, -1], "f4"),
    ],
)
def test_the_narrowest_type_that_holds_them_is_taken(values: list[Number], name: str) -> None:
    packed = pack(values)
    assert isinstance(packed, dict)
    assert packed["t"] == name
    assert unpack(packed) == values


def test_fractions_keep_six_digits() -> None:
    assert unpack(pack([0.123456789] * FEW)) == [0.123457] * FEW


def test_packed_numbers_take_less_room_than_texts() -> None:
    values: list[Number] = [index * 0.0123456 for index in range(200)]
    texts = json.dumps([float(f"{value:.6g}") for value in values if value is not None])
    assert len(json.dumps(pack(values))) * 1.5 < len(texts)
