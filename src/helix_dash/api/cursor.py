"""Cursors: where a listing goes on, and of which query it is the continuation.

A cursor needs no key and no state on the server: it says only what its holder asked for, and the answer is
always read within the holder's own scope. It pins what would otherwise move between two pages: the instants
that ``now`` meant, and the ingest watermark, so that pages neither repeat nor skip a row.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from helix_dash.errors import BadQuery

_LONGEST = 20_000
_FURTHEST = 10**12
_LAST = 2**57  # microseconds: in the year 6537, which the calendar still holds


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Row ``offset`` of the listing that ``query`` asked for.

    Args:
        offset: rows before it.
        start: microseconds since the epoch, what ``from`` meant.
        end: the same for ``to``.
        watermark: only rows ingested up to here.
        query: the parameters of the first page, in order, without ``limit``.
    """

    offset: int
    start: int
    end: int
    watermark: int
    query: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """The opaque form."""
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(self)).rstrip(b"=").decode("ascii")


def read(text: str) -> Cursor:
    """The cursor in ``text``.

    Raises:
        BadQuery: it is none of ours.
    """
    fault = BadQuery("cursor", "This cursor is not one that was given out.")
    if len(text) > _LONGEST:
        raise fault
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.msgpack.decode(packed, type=Cursor)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise fault from error
    times = (cursor.start, cursor.end, cursor.watermark)
    if not 0 <= cursor.offset < _FURTHEST or not all(0 <= time < _LAST for time in times):
        raise fault
    if cursor.start >= cursor.end:
        raise fault
    return cursor
