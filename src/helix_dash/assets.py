"""The style sheets, scripts and fonts we ship, and the addresses under which a browser may keep them for ever.

Our own scripts, and our own style sheets, are one file each for a browser (:data:`BUNDLES`), put together from
``assets/`` in order of their names. Files of others (``*.min.*``) stay what they are: they change when they change.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from pathlib import Path

PATH = "assets/"
"""Where they are served, below the prefix."""

BUNDLES = ("helix.css", "helix.js")
"""What the document loads in place of our own style sheets and scripts."""

FIRST = "theme.js"
"""The script that the document loads itself, before anything is drawn; in no bundle."""

_JOINED: dict[str, Callable[[str, bytes], bytes]] = {
    ".css": lambda _, text: text + b"\n",
    # A script that fails is told like any that fails, and the next one runs: as if each were loaded on its own.
    ".js": lambda name, text: (
        b"try { /* %b */\n%b\n} catch (error) { reportError(error); }\n" % (name.encode(), text)
    ),
}

_bundled: dict[str, tuple[str, bytes]] = {}
"""Bundle → its version and its contents."""

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
    if name in BUNDLES:
        named = " ".join(f"{part}:{version(part)}" for part in parts(name))
        return blake2b(named.encode(), digest_size=6).hexdigest()
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


def loaded() -> tuple[str, ...]:
    """What the document loads, in order, and after the component suites: files of others, then our bundles."""
    others = (path.name for path in folder().iterdir() if path.suffix in _JOINED and _is_of_others(path))
    return (*sorted(others), *BUNDLES)


def parts(bundle: str) -> list[str]:
    """The files that are put together in ``bundle``, in order."""
    found = folder().glob(f"*{Path(bundle).suffix}")
    return sorted(path.name for path in found if path.name != FIRST and not _is_of_others(path))


def _is_of_others(path: Path) -> bool:
    return ".min." in path.name


def contents(bundle: str) -> bytes:
    """``bundle`` as browsers get it."""
    now, join = version(bundle), _JOINED[Path(bundle).suffix]
    known = _bundled.get(bundle)
    if known is None or known[0] != now:
        text = b"".join(join(name, (folder() / name).read_bytes()) for name in parts(bundle))
        known = _bundled[bundle] = (now, text)
    return known[1]


def address(base: str, name: str) -> str:
    """The address of ``name`` for a browser; ``base`` is the path the app is known by, with a slash at its end."""
    return f"{base}{PATH}{name}?v={version(name)}"


def with_versions(document: str, base: str) -> str:
    """``document`` with the version of the contents in every address of an asset, in place of any other query."""
    named = re.compile(rf'(?<=["\']){re.escape(base + PATH)}([\w./-]+)(?:\?[^"\']*)?(?=["\'])')
    return named.sub(lambda found: address(base, found[1]), document)
