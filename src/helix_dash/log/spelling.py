"""Ids as few bytes: hexadecimal digits, with or without the dashes of a UUID, behind a prefix that all share.

What is packed comes back letter by letter: a spelling is taken only when every id of a column keeps to it.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Letters = npt.NDArray[np.uint8]
"""Texts of one length, a row each."""

FEWEST = 8
"""Digits from which packing is worth its while."""

_UUID = 36
_DASHES = np.array([8, 13, 18, 23])
_DIGITS = np.setdiff1d(np.arange(_UUID), _DASHES)
_ALPHABETS: dict[bool, bytes] = {False: b"0123456789abcdef", True: b"0123456789ABCDEF"}


class Spelling(msgspec.Struct, frozen=True, array_like=True):
    """How each id of a column is written: ``prefix``, then ``digits`` hexadecimal digits.

    Args:
        kind: ``hex``, or ``uuid`` for 32 digits with dashes between.
        upper: whether A to F are capitals.
    """

    prefix: str
    kind: Literal["hex", "uuid"]
    digits: int
    upper: bool


def packed(texts: pa.StringArray) -> tuple[Spelling, Letters] | None:
    """The spelling that all ``texts`` (at least one, none unknown) share, and their bytes; ``None``: there is none."""
    letters = _letters(texts)
    if letters is None:
        return None
    width = letters.shape[1]
    for upper, alphabet in _ALPHABETS.items():
        values: Letters = np.full(256, 255, np.uint8)
        values[np.frombuffer(alphabet, np.uint8)] = np.arange(16)
        tail = letters[:, -_UUID:]
        kind: Literal["hex", "uuid"]
        nibbles: Letters
        if width >= _UUID and (tail[:, _DASHES] == ord("-")).all():
            nibbles, digits, kind = values[tail[:, _DIGITS]], 32, "uuid"
            begin = width - _UUID
        else:
            readable: npt.NDArray[np.bool_] = np.all(values[letters] < 16, axis=0)
            run = width if readable.all() else int(readable[::-1].argmin())
            digits, kind = run // 2 * 2, "hex"
            begin = width - digits
            nibbles = values[letters[:, begin:]]
        if digits < FEWEST or nibbles.max() > 15 or (letters[:, :begin] != letters[0, :begin]).any():
            continue
        prefix = letters[0, :begin].tobytes().decode()
        whole: Letters = (nibbles[:, 0::2] << np.uint8(4)) | nibbles[:, 1::2]
        return Spelling(prefix, kind, digits, upper), whole
    return None


def written(spelling: Spelling, values: Letters) -> pa.StringArray:
    """The texts that :func:`packed` packed."""
    alphabet = np.frombuffer(_ALPHABETS[spelling.upper], np.uint8)
    count, prefix = len(values), np.frombuffer(spelling.prefix.encode(), np.uint8)
    nibbles = np.empty((count, spelling.digits), np.uint8)
    nibbles[:, 0::2], nibbles[:, 1::2] = values >> 4, values & 15
    width = _UUID if spelling.kind == "uuid" else spelling.digits
    letters = np.full((count, len(prefix) + width), ord("-"), np.uint8)
    letters[:, : len(prefix)] = prefix
    places = _DIGITS if spelling.kind == "uuid" else np.arange(width)
    letters[:, len(prefix) + places] = alphabet[nibbles]
    offsets = np.arange(count + 1, dtype=np.int32) * letters.shape[1]
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(letters))


def _letters(texts: pa.StringArray) -> Letters | None:
    """``texts`` as bytes, a row each; ``None`` when they differ in length."""
    _, bounds, data = texts.buffers()
    offsets = np.frombuffer(bounds, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    width = int(offsets[1] - offsets[0])
    if width < FEWEST or (np.diff(offsets) != width).any():
        return None
    return np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]].reshape(-1, width)
