"""How columns are held in a mirror file: whatever the form, they mean what was put in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helix_dash.log.held import Held, HeldText, both, coded, hold, id_array, opposite

NUMBERS = st.one_of(
    st.integers(0, 300),
    st.integers(0, 2**40),
    st.integers(0, 10**6).map(lambda number: 10**15 + 250_000 * number),
    st.just(10**18),
)
COLUMNS = st.one_of(
    st.lists(st.one_of(st.none(), NUMBERS), min_size=1, max_size=40),
    st.lists(NUMBERS, min_size=1, max_size=40),
    st.lists(st.integers(0, 10**6).map(lambda number: 10**15 + 250_000 * number), min_size=1, max_size=40),
    st.builds(lambda number, count: [number] * count, NUMBERS, st.integers(1, 20)),
)
EXAMPLES = settings(max_examples=200, deadline=None)


def held_of(values: list[int | None]) -> Held:
    known = np.array([value is not None for value in values])
    whole = np.array([value or 0 for value in values], np.int64)
    numbers, base, step, low, high = hold(whole, None if known.all() else known)
    bits = None if known.all() or numbers is None else np.packbits(known, bitorder="little")
    if numbers is None:
        numbers = np.broadcast_to(np.uint8(0), len(values))
    return Held(numbers, bits, base, step, low, high)


def mask(verdict: Any, count: int) -> list[bool]:
    return [verdict] * count if isinstance(verdict, bool) else verdict.tolist()


@EXAMPLES
@given(COLUMNS, st.data())
def test_numbers_come_back_as_they_went_in_also_from_a_part_of_the_rows(values: Any, data: Any) -> None:
    """Any width, base and step; unknown ones are 0 and known to be unknown."""
    held = held_of(values)
    start = data.draw(st.integers(0, len(values)))
    stop = data.draw(st.integers(start, len(values)))
    part = held.cut(start, stop)
    assert part.values().tolist() == [value or 0 for value in values[start:stop]]
    known = part.known()
    expected = [value is not None for value in values[start:stop]]
    assert (known is None and all(expected)) or (known is not None and known.tolist() == expected)


@EXAMPLES
@given(COLUMNS, st.one_of(st.none(), NUMBERS), st.one_of(st.none(), NUMBERS), st.integers(-3, 3))
def test_a_range_is_compared_as_held_and_means_the_values(
    values: Any, low: Any, high: Any, shift: int
) -> None:
    """Bounds between two multiples of a step, too, and unknown values are in no range."""
    low = None if low is None else low + shift
    expected = [
        value is not None and (low is None or value >= low) and (high is None or value <= high)
        for value in values
    ]
    assert mask(held_of(values).between(low, high), len(values)) == expected


@EXAMPLES
@given(
    st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 255, 256, 70_000]), min_size=1, max_size=30),
    st.sets(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 255, 256, 70_000, 80_000]), max_size=9),
)
def test_codes_are_found_whatever_their_width_and_number(codes: Any, wanted: Any) -> None:
    """One code, a few, many, none of them there, all rows alike."""
    numbers, alike = coded(np.array(codes))
    numbers = np.broadcast_to(np.uint8(0), len(codes)) if numbers is None else numbers
    held = Held(numbers, None, alike, 1, min(codes), max(codes))
    assert mask(held.is_any(sorted(wanted), 80_001), len(codes)) == [code in wanted for code in codes]
    assert held.values().tolist() == codes


HEX = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")
IDS = [HEX, HEX.map(lambda text: str(UUID(text))), HEX.map(str.upper), st.text(max_size=40)]


@EXAMPLES
@given(
    st.sampled_from(IDS).flatmap(lambda ids: st.lists(st.one_of(st.none(), ids), min_size=1, max_size=12)),
    st.data(),
)
def test_ids_come_back_letter_by_letter(texts: Any, data: Any) -> None:
    """UUIDs and hexadecimal ids as 16 bytes, all others as they are; unknown ones among them."""
    array, form = id_array(pa.array(texts, pa.string()))
    start = data.draw(st.integers(0, len(texts) - 1))
    held = HeldText(array, form, len(texts)).cut(start, len(texts))
    assert held.texts().to_list() == texts[start:]
    assert held.take(np.arange(len(texts) - start)) == texts[start:]
    wanted = [*[text for text in texts if text is not None][:2], "0" * 32, "nothing of the kind"]
    assert mask(held.is_any(wanted), len(texts) - start) == [text in wanted for text in texts[start:]]


def test_ids_take_sixteen_bytes() -> None:
    """Most of a row's bytes are its ids."""
    array, form = id_array(pa.array(["00112233-4455-6677-8899-aabbccddeeff"]))
    assert (form, array.type) == ("uuid", pa.binary(16))


@pytest.mark.parametrize("other", ["0011223344556677-8899-aabb-ccddeeff00", "G" * 32, "ABCDEF" + "0" * 26])
def test_what_only_looks_like_an_id_stays_a_text(other: str) -> None:
    """Upper case and misplaced dashes would not come back as they were."""
    assert id_array(pa.array(["a" * 32, other]))[1] == "text"


def test_verdicts_on_all_rows_meet_verdicts_on_each() -> None:
    """A test that holds for all rows costs nothing to add."""
    some = np.array([True, False])
    assert both(True, some) is some
    assert both(some, False) is False
    assert opposite(True) is False
    assert both(some, ~some).tolist() == [False, False]
