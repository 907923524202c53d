"""Stores of several servers on this machine, with the face of :class:`helix_dash.embedded.EmbeddedStore`.

Their programs are Debian's packages redis-server, redis-tools and redis-sentinel; ``make test-cluster`` and
``make test-sentinel`` see to them.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import redis

from helix_dash import tether

HOST = "127.0.0.1"
PATIENCE = 60.0
BUS = 10_000
"""A cluster's nodes talk to each other on their port plus this."""
SERVICE = "helix"


def free_ports(count: int) -> list[int]:
    """Free ports whose bus ports are free too."""
    held: list[socket.socket] = []
    found: list[int] = []
    while len(found) < count:
        one, other = socket.socket(), socket.socket()
        held += [one, other]
        one.bind((HOST, 0))
        port = one.getsockname()[1]
        try:
            other.bind((HOST, port + BUS))
        except (OSError, OverflowError):
            continue
        found.append(port)
    for opened in held:
        opened.close()
    return found


def until(claim: Callable[[], bool], what: str) -> None:
    """Wait for ``claim``; a server that does not answer yet counts as no."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if claim():
                return
        except redis.RedisError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


class Server:
    """One redis-server with an append-only file, or one sentinel."""

    def __init__(self, folder: Path, port: int, options: Iterable[str] = (), sentinel: str = "") -> None:
        folder.mkdir(parents=True)
        self.port = port
        self._folder = folder
        basis = ["--port", str(port), "--bind", HOST, "--dir", str(folder), "--daemonize", "no"]
        if sentinel:
            (folder / "sentinel.conf").write_text(sentinel)
            basis = [str(folder / "sentinel.conf"), "--sentinel", *basis]
        else:
            basis += ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        self._command = [_program("redis-server"), *basis, *options]
        self._running: subprocess.Popen[bytes] | None = None

    def client(self) -> redis.Redis:
        return redis.Redis(host=HOST, port=self.port, socket_timeout=5)

    def start(self) -> None:
        if self._running is None:
            with (self._folder / "server.log").open("ab") as log:
                self._running = tether.start(self._command, folder=self._folder, output=log)
            until(lambda: bool(self.client().ping()), f"the server on port {self.port}")

    def stop(self) -> None:
        if self._running is not None:
            tether.stop(self._running, 15)
            self._running = None

    def kill(self) -> None:
        if self._running is not None:
            tether.kill(self._running)
            self._running = None


class Cluster:
    """Three primaries that share the slots, made by ``redis-cli --cluster create``."""

    def __init__(self, folder: Path) -> None:
        options = [
            "--cluster-enabled",
            "yes",
            "--cluster-config-file",
            "nodes.conf",
            "--cluster-node-timeout",
            "2000",
        ]
        self.nodes = [Server(folder / str(port), port, options) for port in free_ports(3)]
        self.url = "redis+cluster://" + ",".join(f"{HOST}:{node.port}" for node in self.nodes)
        self._made = False

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        if not self._made:
            addresses = [f"{HOST}:{node.port}" for node in self.nodes]
            command = [_program("redis-cli"), "--cluster", "create", *addresses, "--cluster-yes"]
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
            self._made = True
        until(
            lambda: all(node.client().cluster("INFO")["cluster_state"] == "ok" for node in self.nodes),
            "the cluster",
        )

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()

    def close(self) -> None:
        """The end."""
        self.stop()

    def empty(self) -> None:
        """Back to a store nobody has written to."""
        self.start()
        for node in self.nodes:
            node.client().flushall()


class Watched:
    """A primary and a replica, watched by three sentinels that make the replica the primary when it is needed."""

    def __init__(self, folder: Path) -> None:
        first, second, *watchers = free_ports(5)
        self.nodes = [
            Server(folder / "one", first),
            Server(folder / "two", second, ["--replicaof", f"{HOST} {first}"]),
        ]
        conf = (
            f"sentinel monitor {SERVICE} {HOST} {first} 2\n"
            f"sentinel down-after-milliseconds {SERVICE} 1000\n"
            f"sentinel failover-timeout {SERVICE} 5000\n"
        )
        self.sentinels = [Server(folder / str(port), port, sentinel=conf) for port in watchers]
        self.url = "sentinel://" + ",".join(f"{HOST}:{port}" for port in watchers) + f"/{SERVICE}/0"

    def start(self) -> None:
        for server in [*self.nodes, *self.sentinels]:
            server.start()
        until(self._whole, "a primary with its replica, agreed on by the sentinels")

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()

    def close(self) -> None:
        """Stop the sentinels too."""
        for server in [*self.sentinels, *self.nodes]:
            server.stop()

    def empty(self) -> None:
        """Back to a store nobody has written to."""
        self.start()
        self.primary().client().flushall()

    def primary(self) -> Server:
        """The node the sentinels name."""
        (address,) = self._named()
        return next(node for node in self.nodes if node.port == int(address[1]))

    def _named(self) -> set[tuple[str, ...]]:
        """The primaries that the sentinels name."""
        return {tuple(server.client().sentinel_get_master_addr_by_name(SERVICE)) for server in self.sentinels}

    def replicated(self) -> bool:
        """Whether the replica has everything the primary has."""
        told = self.primary().client().info("replication")
        return told["connected_slaves"] == 1 and told["slave0"]["offset"] == told["master_repl_offset"]

    def _whole(self) -> bool:
        if len(self._named()) != 1:  # after a start they may not have agreed yet
            return False
        states = [server.client().sentinel_master(SERVICE) for server in self.sentinels]
        agreed = all(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1 for state in states)
        told = self.primary().client().info("replication") if agreed else {}
        return agreed and told["role"] == "master" and told["connected_slaves"] == 1


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"there is no {name}: sudo apt-get install redis-server redis-tools redis-sentinel"
    return found
