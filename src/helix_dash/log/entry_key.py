"""The key of a cache entry as the log keeps it: short, the same wherever it comes from, and never a text."""

from __future__ import annotations

import hashlib
import re

DIGITS = 16
"""64 bits: among a million entries two alike are as likely as one in thirty million."""

_DIGEST = re.compile(r"(?:^|[^0-9a-f])([0-9a-f]{32,})$")
_SHORT = re.compile(rf"[0-9a-f]{{{DIGITS}}}")


def entry_key(key: str) -> str:
    """:data:`DIGITS` hexadecimal digits that stand for ``key``.

    Gateways end their keys with a digest of the request, behind a name that differs (``litellm.cache:``,
    ``helix:exact:``): of that the first digits. Of any other key, the digits of a digest of it.
    """
    if _SHORT.fullmatch(key):
        return key
    digest = _DIGEST.search(key)
    if digest:
        return digest[1][:DIGITS]
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
