"""The real FakeAI app without null members in its usage, which LiteLLM 1.106.2 takes for another API's and then
reports no usage at all. Run by uvicorn as ``fakeai_app:app``."""

from __future__ import annotations

import json
from typing import Any

from fakeai.app import app as fakeai


def _without_nulls(body: bytes) -> bytes:
    try:
        answer = json.loads(body)
    except ValueError:
        return body
    if isinstance(answer, dict) and isinstance(answer.get("usage"), dict):
        answer["usage"] = {name: value for name, value in answer["usage"].items() if value is not None}
    return json.dumps(answer).encode()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The app, with JSON answers to POST rewritten as a whole."""
    if scope["type"] != "http" or scope["method"] != "POST":
        await fakeai(scope, receive, send)
        return
    begin: dict[str, Any] = {}
    parts: list[bytes] = []

    async def rewritten(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = dict(message["headers"])
            if headers.get(b"content-type", b"").startswith(b"application/json"):
                begin.update(message)
                return
        if not begin:
            await send(message)
            return
        parts.append(message.get("body", b""))
        if message.get("more_body"):
            return
        body = _without_nulls(b"".join(parts))
        headers = [pair for pair in begin["headers"] if pair[0] != b"content-length"]
        await send({**begin, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    await fakeai(scope, receive, rewritten)
