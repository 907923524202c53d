"""Memory that this process has used once and needs no more."""

from __future__ import annotations

import ctypes

import pyarrow as pa


def give_back() -> None:
    """Return to the system what the allocators keep for later.

    Making a large mirror file leaves some 150 MB in a web worker's hands that it will hardly need again.
    """
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; others give back by themselves
    if trim is not None:
        trim(0)
