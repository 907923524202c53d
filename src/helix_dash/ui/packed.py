"""Numbers for the browser in few bytes: typed arrays as base64, which ``assets/chart.js`` unpacks.

A chart of 200 buckets and nine layers is 1,800 numbers at every refresh; as JSON texts they take two to four times
the room.
"""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

Number = float | int | None

FEW = 24
"""Fewer numbers than this stay a list: nothing is won."""

_WHOLE = (("u1", "B", 2**8), ("u2", "H", 2**16), ("u4", "I", 2**32))
_EXACT = 2**24
"""Whole numbers up to here are exact in 32 bits of a float."""


def pack(values: Sequence[Number]) -> list[Number] | dict[str, str]:
    """``values`` as a list, or as ``{"t": type, "b": base64}`` in the narrowest type that holds them.

    Types are ``u1``, ``u2``, ``u4``, ``f4``, ``f8``, little-endian. Unknown (``None``) is not-a-number, so a line
    with gaps is of floats. Fractions keep six significant digits: a chart is no ledger.
    """
    if len(values) < FEW:
        return [_short(value) for value in values]
    whole = all(isinstance(value, int) and value >= 0 for value in values)
    if whole:
        for name, code, limit in _WHOLE:
            if max(value or 0 for value in values) < limit:
                return _typed(name, array(code, values))
    large = any(isinstance(value, int) and abs(value) > _EXACT for value in values)
    name, code = ("f8", "d") if large else ("f4", "f")
    return _typed(name, array(code, (float("nan") if value is None else float(value) for value in values)))


def unpack(packed: list[Number] | dict[str, str]) -> list[Number]:
    """What :func:`pack` was given, as far as its type keeps it."""
    if isinstance(packed, list):
        return packed
    codes = {name: code for name, code, _ in _WHOLE} | {"f4": "f", "f8": "d"}
    found: array[Any] = array(codes[packed["t"]])
    found.frombytes(b64decode(packed["b"]))
    if sys.byteorder == "big":
        found.byteswap()
    values = (_short(value) if packed["t"] == "f4" else value for value in found)
    return [None if value != value else value for value in values]


def _typed(name: str, values: array[Any]) -> dict[str, str]:
    if sys.byteorder == "big":
        values.byteswap()
    return {"t": name, "b": b64encode(values.tobytes()).decode("ascii")}


def _short(value: Number) -> Number:
    return float(f"{value:.6g}") if isinstance(value, float) else value
