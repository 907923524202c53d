"""A keyed hash of what was asked: finds repeats without keeping the text.

Keyed, because an unkeyed hash of a short prompt is as good as the prompt: anybody could try candidates.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

_REDACTED = "redacted-by-litellm"


def prompt_hash(prompt: Any, key: bytes) -> str | None:
    """128 bits, in hexadecimal, of ``prompt`` under ``key``; ``None`` when there is no prompt to hash.

    Two prompts are the same when they differ only in white space or in how Unicode composes a letter.

    Args:
        prompt: chat messages, or one input or several: texts, or token numbers.
        key: the secret that all gateways share, at least when repeats are to be found across them.
    """
    parts = list(_parts(prompt))
    if not any(text for _, text in parts) or any(text == _REDACTED for _, text in parts):
        return None
    # A key of any length becomes one that blake2b takes.
    digest = hashlib.blake2b(digest_size=16, key=hashlib.sha256(key).digest())
    digest.update(json.dumps(parts).encode())
    return digest.hexdigest()


def _parts(prompt: Any) -> Iterable[tuple[str, str]]:
    """(role, normalised text) of each message or input."""
    if isinstance(prompt, str):
        yield "", _normal(prompt)
    elif isinstance(prompt, Mapping):
        content = prompt.get("content")
        yield str(prompt.get("role") or ""), _normal(content if isinstance(content, str) else _plain(content))
    elif isinstance(prompt, Iterable):
        for part in prompt:
            if isinstance(part, str | Mapping):
                yield from _parts(part)
            else:
                yield "", _plain(part)


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _plain(value: Any) -> str:
    """Content that is not a text (pictures, tool calls, token numbers), in one fixed form."""
    return "" if value is None else json.dumps(value, sort_keys=True, default=str)
