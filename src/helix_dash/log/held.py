"""How one column of a segment is held in its mirror file: the narrowest whole numbers that tell it.

A number is ``base + step × held``, a word or flag its code, an id of 128 bits its 16 bytes; a column whose rows
are all alike is told once and takes no space. Conditions and sums work on what is held, without undoing it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Mask = npt.NDArray[np.bool_]
Verdict = Mask | bool
"""Which rows a test holds for; ``True`` or ``False`` when it is the same for all."""

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[Any]

_FEW = 4
"""Codes up to which each is compared on its own; more are looked up in a table."""

UNKNOWN, FALSE, TRUE = 0, 1, 2
"""The codes of a flag; 0 is also the code of an unknown word."""


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of one column of words, flags or numbers.

    Args:
        numbers: one per row, 0 where unknown. Without a stride when all are alike.
        bits: which numbers are known, in Arrow's order of bits from row ``offset`` on; ``None``: all of them
            (words and flags, whose code says it, too).
        low, high: no known value of the column's segment is below or above; codes for words and flags.
            ``None``: no number is known.
    """

    numbers: Numbers
    bits: npt.NDArray[np.uint8] | None = None
    base: int = 0
    step: int = 1
    low: int | None = 0
    high: int | None = 2**62
    offset: int = 0

    def cut(self, start: int, stop: int) -> Held:
        """Rows ``[start, stop)``."""
        if start == 0 and stop == len(self.numbers):
            return self
        return replace(self, numbers=self.numbers[start:stop], offset=self.offset + start)

    def known(self) -> Mask | None:
        """Which rows are known; ``None`` when all are."""
        count = len(self.numbers)
        if self.low is None:
            return np.zeros(count, np.bool_)
        if self.bits is None:
            return None
        first, skipped = divmod(self.offset, 8)
        some = np.unpackbits(self.bits[first : first + (skipped + count + 7) // 8], bitorder="little")
        return some[skipped : skipped + count].view(np.bool_)

    def values(self, rows: Any = slice(None)) -> Integers:
        """The values of some rows in inner units, 0 where unknown; the codes of words and flags."""
        whole: Integers = self.numbers[rows].astype(np.int64)
        if self.step != 1:
            whole *= self.step
        if self.base and self.low is not None:
            whole += self.base
            known = self.known()
            if known is not None:
                whole *= known[rows]
        return whole

    def between(self, low: int | None, high: int | None) -> Verdict:
        """Which rows are known and within both ends; ``None``: no such end."""
        if self.low is None or self.high is None or not len(self.numbers):
            return False
        if (low is not None and low > self.high) or (high is not None and high < self.low):
            return False
        found: Verdict = True
        # Unknown rows hold 0, which is below any bound that cuts something off at the lower end.
        known = self.known() if low is None or low <= self.low else None
        if low is not None and low > self.low:
            found = self._alike(self.numbers >= -((self.base - low) // self.step))  # rounded up
        if high is not None and high < self.high:
            found = both(found, self._alike(self.numbers <= (high - self.base) // self.step))
        return found if known is None else both(found, known)

    def is_any(self, codes: Collection[int], size: int) -> Verdict:
        """Which rows hold one of ``codes``, all below ``size``."""
        low, high = self.low or 0, self.high or 0
        possible = [code for code in codes if low <= code <= high]
        if not possible or not len(self.numbers):
            return False
        if not self.numbers.strides[0]:
            return True  # one of them lies between the lowest and the highest, which are all rows' code
        if len(possible) <= _FEW:
            found: Mask = self.numbers == possible[0]
            for code in possible[1:]:
                found |= self.numbers == code
            return found
        table = np.zeros(max(size, high + 1), np.bool_)
        table[possible] = True
        return cast("Mask", table.take(self.numbers))

    def _alike(self, mask: Mask) -> Verdict:
        """``mask``, as one verdict where the column holds one number."""
        return mask if self.numbers.strides[0] else bool(mask[0])


def both(one: Verdict, other: Verdict) -> Verdict:
    """Which rows both hold for."""
    if one is False or other is False:
        return False
    if one is True:
        return other
    return one if other is True else one & other


def opposite(verdict: Verdict) -> Verdict:
    """Which rows it does not hold for."""
    return not verdict if isinstance(verdict, bool) else ~verdict


@dataclass(frozen=True, slots=True)
class HeldText:
    """Rows of one column of texts.

    Args:
        array: the texts, or the 16 bytes that they write out; ``None``: all are unknown.
        form: ``text``, ``hex`` (32 digits) or ``uuid`` (36 characters).
    """

    array: pa.Array | None
    form: str
    rows: int

    def cut(self, start: int, stop: int) -> HeldText:
        """Rows ``[start, stop)``."""
        array = None if self.array is None else self.array.slice(start, stop - start)
        return HeldText(array, self.form, stop - start)

    def known(self) -> Mask:
        """Which rows are known."""
        if self.array is None:
            return np.zeros(self.rows, np.bool_)
        return cast("Mask", self.array.is_valid().to_numpy(zero_copy_only=False))

    def texts(self) -> pl.Series:
        """All rows as texts."""
        if self.array is None:
            return pl.Series([None] * self.rows, dtype=pl.String)
        whole = self.array if self.form == "text" else written_out(self.array, self.form)
        return cast("pl.Series", pl.from_arrow(whole))

    def take(self, rows: Numbers) -> list[str | None]:
        """The texts of some rows."""
        if self.array is None:
            return [None] * len(rows)
        if self.form == "text":
            found = cast("pl.Series", pl.from_arrow(self.array.take(pa.array(rows))))
            return found.to_list()
        letters = _letters(_halves(self.array)[rows], self.form)
        whole, width = letters.tobytes().decode(), letters.shape[1]
        texts: list[str | None] = [whole[place : place + width] for place in range(0, len(whole), width)]
        if self.array.null_count:
            known = self.array.take(pa.array(rows)).is_valid().to_pylist()
            texts = [text if sure else None for text, sure in zip(texts, known, strict=True)]
        return texts

    def is_any(self, texts: Collection[str]) -> Verdict:
        """Which rows hold exactly one of ``texts``."""
        if self.array is None or not len(texts):
            return False
        if self.form == "text":
            whole = self.texts()
            return (
                whole.is_in(pl.Series(list(texts), dtype=pl.String).implode())
                .fill_null(value=False)
                .to_numpy()
            )
        halves = _halves(self.array)
        found: Verdict = False
        for text in texts:
            key = id_bytes(text, self.form)
            if key is not None:
                first, second = np.frombuffer(key, np.uint64)
                same = halves[:, 0] == first
                same[same] = halves[same, 1] == second
                found = same if found is False else found | same
        return both(found, self.known()) if self.array.null_count else found


def id_bytes(text: str, form: str) -> bytes | None:
    """The 16 bytes that ``text`` writes out in this ``form``; ``None`` when it does not."""
    array, found = id_array(pa.array([text], pa.string()))
    return array[0].as_py() if found == form else None


def id_array(texts: pa.StringArray) -> tuple[pa.Array, str]:
    """``texts`` (one chunk) as 16 bytes each and their form, when all known ones share one; else as they are."""
    known = texts.drop_null()
    lengths = np.diff(
        np.frombuffer(known.buffers()[1], np.int32)[known.offset : known.offset + len(known) + 1]
    )
    form = {32: "hex", 36: "uuid"}.get(int(lengths[0]), "text") if len(lengths) else "text"
    if form == "text" or not (lengths == lengths[0]).all():
        return texts, "text"
    width = int(lengths[0])
    start = np.frombuffer(known.buffers()[1], np.int32)[known.offset]
    letters = np.frombuffer(known.buffers()[2], np.uint8)[start : start + width * len(known)].reshape(
        -1, width
    )
    if form == "uuid":
        if not (letters[:, _DASHES] == ord("-")).all():
            return texts, "text"
        letters = letters[:, _DIGITS]
    nibbles = _NIBBLE[letters]
    if nibbles.max() > 15:
        return texts, "text"
    packed = (nibbles[:, 0::2] << 4) | nibbles[:, 1::2]
    whole = np.zeros((len(texts), 16), np.uint8)
    valid = texts.is_valid().to_numpy(zero_copy_only=False)
    whole[valid] = packed
    bits = pa.py_buffer(np.packbits(valid, bitorder="little")) if texts.null_count else None
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(texts), [bits, pa.py_buffer(whole)]), form


def written_out(array: pa.FixedSizeBinaryArray, form: str) -> pa.StringArray:
    """The ids of ``array`` as texts."""
    letters = _letters(_halves(array), form)
    offsets = np.arange(len(array) + 1, dtype=np.int64) * letters.shape[1]
    bits = None
    if array.null_count:
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.LargeStringArray.from_buffers(len(array), pa.py_buffer(offsets), pa.py_buffer(letters), bits)


def _letters(halves: npt.NDArray[np.uint64], form: str) -> npt.NDArray[np.uint8]:
    """How ids are written, a row of letters each."""
    digits: npt.NDArray[np.uint8] = _HEX[halves.view(np.uint8)].view(np.uint8).reshape(len(halves), 32)
    if form != "uuid":
        return digits
    letters = np.full((len(halves), 36), ord("-"), np.uint8)
    letters[:, _DIGITS] = digits
    return letters


def _halves(array: pa.FixedSizeBinaryArray) -> npt.NDArray[np.uint64]:
    whole = np.frombuffer(array.buffers()[1], np.uint64).reshape(-1, 2)
    return whole[array.offset : array.offset + len(array)]


_DASHES = np.array([8, 13, 18, 23])
_DIGITS = np.setdiff1d(np.arange(36), _DASHES)
_NIBBLE = np.full(256, 255, np.uint8)
_NIBBLE[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)
_HEX = np.frombuffer(b"".join(b"%02x" % value for value in range(256)), np.uint16)


def coded(codes: npt.NDArray[Any]) -> tuple[Numbers | None, int]:
    """Codes in their narrowest form, and the code of all rows when they are alike (then nothing is held)."""
    high = int(codes.max())
    return (None, high) if high == int(codes.min()) else (codes.astype(_width(high)), 0)


def hold(values: Integers, known: Mask | None) -> tuple[Numbers | None, int, int, int | None, int | None]:
    """Numbers ≥ 0 in their narrowest form.

    Args:
        values: one per row; what stands where it is unknown does not matter.
        known: which are; ``None``: all.

    Returns:
        What to hold (``None``: nothing, as all rows are alike), base, step, the lowest and highest value.
    """
    some = values if known is None else values[known]
    if not len(some):
        return None, 0, 1, None, None
    low, high = int(some.min()), int(some.max())
    if low == high and known is None:
        return None, low, 1, low, high
    base, step = 0, 1
    if high > np.iinfo(np.uint8).max:
        step = _divisor(some - low)
        # Undoing costs time in each chart: only where it makes the column narrower.
        if _width((high - low) // step) == _width(high):
            step = 1
        elif low % step == 0 and _width(high // step) == _width((high - low) // step):
            base = 0
        else:
            base = low
    numbers = (values - base) // step
    if known is not None:
        numbers = np.where(known, numbers, 0)
    return numbers.astype(_width((high - base) // step)), base, step, low, high


def _width(high: int) -> Any:
    """The narrowest unsigned type that holds numbers up to ``high``."""
    for width in (np.uint8, np.uint16, np.uint32):
        if high <= np.iinfo(width).max:
            return width
    return np.int64


def _divisor(differences: Integers) -> int:
    """The greatest number that divides all ``differences``."""
    few = int(np.gcd.reduce(differences[:1000]))
    return few if few == 1 else max(1, int(np.gcd.reduce(differences)))
