"""What a container or a service manager lets its processes use: the tightest limit of their control groups.

Both versions are read. In a container the whole host's memory is not ours to use, and psutil knows only the host.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_UNLIMITED = 2**60
"""Version 1 writes "no limit" as a number about as large as there is."""


@dataclass(frozen=True, slots=True)
class Group:
    """The limits of this process's group, and what it has used.

    Args:
        memory_limit: bytes; ``None`` without a limit, as for the next.
        memory_used: bytes, without the file cache that would be given back.
        cores: how many cores' time it may use.
        cpu_seconds: processor time that it has used.
    """

    memory_limit: float | None = None
    memory_used: float | None = None
    cores: float | None = None
    cpu_seconds: float | None = None


def group(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> Group:
    """The group of this process; all ``None`` where there are none."""
    paths = _paths(own)
    if (root / "cgroup.controllers").exists():
        return _second(root, paths.get("", "/"))
    return _first(root, paths)


def _paths(own: Path) -> dict[str, str]:
    """Controller → this process's group below it; the one of version 2 has no name."""
    found: dict[str, str] = {}
    for line in _text(own).splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            for name in parts[1].split(","):
                found[name] = parts[2]
    return found


def _second(root: Path, path: str) -> Group:
    limit, holder = _tightest(root, path, "memory.max")
    used = None
    if holder is not None:
        current, cache = (
            _number(_text(holder / "memory.current")),
            _stat(holder / "memory.stat", "inactive_file"),
        )
        used = None if current is None else max(0.0, current - (cache or 0))
    cores, where = None, None
    for folder in _upward(root, path):
        quota, _, period = _text(folder / "cpu.max").partition(" ")
        share = _ratio(_number(quota), _number(period))
        if share is not None and (cores is None or share < cores):
            cores, where = share, folder
    micros = _stat(where / "cpu.stat", "usage_usec") if where is not None else None
    return Group(limit, used, cores, None if micros is None else micros / 1e6)


def _first(root: Path, paths: dict[str, str]) -> Group:
    memory = root / "memory"
    limit, holder = _tightest(memory, paths.get("memory", "/"), "memory.limit_in_bytes")
    used = None
    if holder is not None:
        current = _number(_text(holder / "memory.usage_in_bytes"))
        cache = _stat(holder / "memory.stat", "total_inactive_file")
        used = None if current is None else max(0.0, current - (cache or 0))
    cores, nanos = None, None
    for folder in _upward(root / "cpu", paths.get("cpu", "/")):
        share = _ratio(
            _number(_text(folder / "cpu.cfs_quota_us")), _number(_text(folder / "cpu.cfs_period_us"))
        )
        if share is not None and (cores is None or share < cores):
            cores = share
            below = folder.relative_to(root / "cpu")
            nanos = _number(_text(root / "cpuacct" / below / "cpuacct.usage"))
    return Group(limit, used, cores, None if nanos is None else nanos / 1e9)


def _tightest(root: Path, path: str, name: str) -> tuple[float | None, Path | None]:
    """The least limit from the group up to the root, and the group that has it."""
    found: tuple[float | None, Path | None] = (None, None)
    for folder in _upward(root, path):
        limit = _number(_text(folder / name))
        if limit is not None and 0 < limit < _UNLIMITED and (found[0] is None or limit < found[0]):
            found = limit, folder
    return found


def _upward(root: Path, path: str) -> Iterator[Path]:
    """The group's folder and those above it. In a container the path may be the host's: then only the root is there."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    for length in range(len(parts), -1, -1):
        folder = root.joinpath(*parts[:length])
        if folder.is_dir():
            yield folder


def _ratio(quota: float | None, period: float | None) -> float | None:
    return quota / period if quota is not None and quota > 0 and period else None


def _stat(path: Path, name: str) -> float | None:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return _number(value)
    return None


def _number(text: str) -> float | None:
    text = text.strip()
    return float(text) if text.isascii() and text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:  # it is not there, or not ours to read: nothing is known
        return ""
