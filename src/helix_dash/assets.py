"""The style sheets, scripts and fonts we ship, and the addresses under which a browser may keep them for ever."""

from __future__ import annotations

import re
from functools import cache
from hashlib import blake2b
from pathlib import Path

PATH = "assets/"
"""Where they are served, below the prefix."""

_kept: dict[Path, tuple[tuple[int, int], str]] = {}
"""File → (time and size when it was read, its version)."""


@cache
def folder() -> Path:
    """Where they lie: inside an installed package, at the top of a checkout."""
    here = Path(__file__).parent
    packaged = here / "assets"
    return packaged if packaged.is_dir() else here.parents[1] / "assets"


def version(name: str) -> str:
    """A few letters that change with the contents of ``name``; empty when there is no such file.

    Of the contents and not of the time: files of a wheel have all one time, and hosts behind one address differ.
    """
    path = folder() / name
    try:
        found = path.stat()
    except OSError:
        return ""
    seen = (found.st_mtime_ns, found.st_size)
    known = _kept.get(path)
    if known is None or known[0] != seen:
        known = _kept[path] = (seen, blake2b(path.read_bytes(), digest_size=6).hexdigest())
    return known[1]


def address(base: str, name: str) -> str:
    """The address of ``name`` for a browser; ``base`` is the path the app is known by, with a slash at its end."""
    return f"{base}{PATH}{name}?v={version(name)}"


def with_versions(document: str, base: str) -> str:
    """``document`` with the version of the contents in every address of an asset, in place of any other query."""
    named = re.compile(rf'(?<=["\']){re.escape(base + PATH)}([\w./-]+)(?:\?[^"\']*)?(?=["\'])')
    return named.sub(lambda found: address(base, found[1]), document)
