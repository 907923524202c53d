"""A proxy in front of a store's unix socket that can swallow one reply and cut the line, as a failing network does."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType


class CuttingProxy:
    """Forwards ``folder/proxy.sock`` to ``target``.

    After :meth:`cut_after` the next reply to a request that contains ``marker`` is withheld: the store has done
    the work, the client never hears of it.
    """

    def __init__(self, folder: Path, target: str) -> None:
        self.url = f"unix://{folder / 'proxy.sock'}"
        self.cuts = 0
        self._target = target
        self._marker: bytes | None = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / "proxy.sock"))
        self._listener.listen()
        self._open: list[socket.socket] = [self._listener]

    def cut_after(self, marker: bytes) -> None:
        self._marker = marker

    def __enter__(self) -> CuttingProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for opened in self._open:
            _hang_up(opened)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self._target)
                except OSError:  # the store is down: the client finds out, the next one may have more luck
                    _hang_up(client)
                    server.close()
                    continue
                self._open += [client, server]
                threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        doomed = threading.Event()

        def replies() -> None:
            with contextlib.suppress(OSError):
                while data := server.recv(65536):
                    if doomed.is_set():
                        self.cuts += 1
                        break
                    client.sendall(data)
            _hang_up(client)

        threading.Thread(target=replies, daemon=True).start()
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if self._marker and self._marker in data:
                    self._marker = None
                    doomed.set()
                server.sendall(data)
        _hang_up(server)


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
