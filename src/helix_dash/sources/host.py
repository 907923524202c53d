"""Processor, memory, disks and network of this host, or of the container that this process runs in.

Every collector samples its own host: a host is named by its host name, and a container is a host of its own.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from helix_dash.errors import SourceError
from helix_dash.samples.sources import HOST, HOST_EVERY
from helix_dash.sources.cgroup import Group, group
from helix_dash.sources.polling import Numbers, Question, Told

_IDLE = ("idle", "iowait")
_TWICE = ("guest", "guest_nice")
"""What Linux counts under user and nice as well."""


def host_name() -> str:
    """What this host is called on pages."""
    return socket.gethostname()[:60] or "unnamed"


def question(folders: Iterable[Path], name: str = "") -> Question:
    """The question about this host.

    Args:
        folders: those whose disks matter, beside the root's.
        name: the host's; its own when not given.
    """
    wanted = tuple(folders)
    return Question(name or host_name(), HOST_EVERY, lambda: sample(wanted))


def sample(
    folders: Iterable[Path], limits: Callable[[], Group] = group, clock: Callable[[], float] = time.time
) -> Told:
    """What the host reads now.

    Raises:
        SourceError: the system does not tell.
    """
    try:
        held = limits()
        counters, gauges = _processor(held, clock()), _memory(held)
        disks = _disks(folders)
        gauges |= {f"disk_{what}|{name}": value for name, one in disks.items() for what, value in one.items()}
        network = _network()
        counters |= network
        gauges |= _load()
    except (OSError, psutil.Error) as error:
        raise SourceError("unreadable", f"The system does not tell ({type(error).__name__}).") from error
    body = {
        "cores": held.cores or float(psutil.cpu_count() or 1),
        "limited": [name for name, value in (("cpu", held.cores), ("memory", held.memory_limit)) if value is not None],
        "disks": sorted(disks),
        "boot": psutil.boot_time(),
        "network": bool(network),
    }  # fmt: skip
    return Told(body, Numbers(counters, gauges))


def _processor(held: Group, now: float) -> dict[str, float]:
    """Processor seconds used, and those there were: their growth's ratio is the use."""
    if held.cores is not None and held.cpu_seconds is not None:
        return {"cpu_busy": held.cpu_seconds, "cpu_whole": now * held.cores}
    times = psutil.cpu_times()._asdict()
    whole = sum(value for name, value in times.items() if name not in _TWICE)
    return {"cpu_busy": whole - sum(times.get(name, 0.0) for name in _IDLE), "cpu_whole": whole}


def _memory(held: Group) -> dict[str, float]:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    total, used = float(memory.total), float(memory.total - memory.available)
    if held.memory_limit is not None and held.memory_limit < total:
        total, used = held.memory_limit, used if held.memory_used is None else held.memory_used
    return {
        "memory_total": total,
        "memory_used": used,
        "swap_used": float(swap.used),
        "swap_total": float(swap.total),
    }


def _disks(folders: Iterable[Path]) -> dict[str, dict[str, float]]:
    """Mount point → bytes of the disks that matter, each once however many folders it holds."""
    found: dict[str, dict[str, float]] = {}
    seen: set[int] = set()
    for folder in (Path("/"), *folders):
        there = next((one for one in (folder, *folder.parents) if one.exists()), None)
        if there is None or there.stat().st_dev in seen:
            continue
        seen.add(there.stat().st_dev)
        use = psutil.disk_usage(str(there))
        found[str(_mount(there))[:60]] = {"total": float(use.used + use.free), "used": float(use.used)}
    return found


def _mount(path: Path) -> Path:
    path = path.absolute()
    while path != path.parent and not path.is_mount():
        path = path.parent
    return path


def _network() -> dict[str, float]:
    """Bytes sent and received, and packets with errors or dropped, of all but the loopback."""
    every = psutil.net_io_counters(pernic=True)
    real = [one for name, one in every.items() if not name.startswith("lo")]
    if not real:
        return {}
    return {
        "net_sent": float(sum(one.bytes_sent for one in real)),
        "net_received": float(sum(one.bytes_recv for one in real)),
        "net_faults": float(sum(one.errin + one.errout + one.dropin + one.dropout for one in real)),
    }


def _load() -> dict[str, float]:
    one, five, _ = psutil.getloadavg()
    return {"load_1": one, "load_5": five}


SOURCE = HOST
