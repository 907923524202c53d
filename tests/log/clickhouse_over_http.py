"""ClickHouse's HTTP interface over the embedded engine: as much of it as clickhouse-connect uses with us.

No current ClickHouse server is packaged where these tests run (Debian's is of 2018 and knows no bound values), so
the server's side of the wire is made here: parameters in the address or as form data, the question in the
address or the body, Arrow in and out, the error's number in a header. The engine behind it is the real one.
"""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, path: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.engine: Any = chdb.connect(path)
        self.one_at_a_time = threading.Lock()
        self.asked: list[dict[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            for part in message_from_bytes(f"Content-Type: {kind}\n\n".encode() + body).get_payload():
                name = part.get_param("name", header="Content-Disposition")
                given[name] = part.get_payload(decode=True).decode()
            body = b""
        server: Any = self.server
        server.asked.append(given)
        try:
            answer, status = server_answer(server, given, body), 200
        except RuntimeError as error:
            answer, status = str(error).encode(), 500
        self.send_response(status)
        code = re.search(rb"Code: (\d+)", answer) if status == 500 else None
        if code:
            self.send_header("X-ClickHouse-Exception-Code", code[1].decode())
        self.send_header("X-ClickHouse-Summary", "{}")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def server_answer(server: Any, given: dict[str, str], body: bytes) -> bytes:
    question = given.get("query") or body.decode()
    database = given.get("database", "default")
    bound = {name.removeprefix("param_"): value for name, value in given.items() if name.startswith("param_")}
    with server.one_at_a_time, tempfile.NamedTemporaryFile() as data:
        server.engine.query(f"USE `{database}`", "TSV")
        inserted = re.fullmatch(r"(INSERT INTO .*\)) FORMAT (\w+)\s*", question, flags=re.S)
        if inserted and body:
            data.write(body)
            data.flush()
            question = f"{inserted[1]} SELECT * FROM file('{data.name}', '{inserted[2]}')"
        form = re.search(r"\sFORMAT (\w+)\s*$", question)
        found = server.engine.query(question, form[1] if form else "TSV", params=bound)
        return bytes(found.bytes() or b"")


@contextmanager
def serving(path: str) -> Iterator[_Server]:
    """A server over the engine at ``path``, until the end of the block."""
    server = _Server(path)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        server.engine.close()
