"""Commands of a slow log, told without what they carried: arguments may hold prompts, names and secrets."""

from __future__ import annotations

from collections.abc import Sequence

CONTAINERS = frozenset({
    "acl", "client", "cluster", "command", "config", "debug", "function", "latency", "memory", "module", "object",
    "pubsub", "script", "slowlog", "xgroup", "xinfo",
})  # fmt: skip
"""Commands whose second word is a part of their name."""

SCRIPTS = frozenset({"eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro"})
KEYLESS = frozenset({
    "info", "ping", "scan", "auth", "hello", "select", "keys", "dbsize", "time", "echo", "publish", "wait", "multi",
    "exec", "flushall", "flushdb", "subscribe", "psubscribe", "bgsave", "bgrewriteaof", "save", "replconf", "psync",
})  # fmt: skip
"""Commands whose first argument is no key."""

MOST_PARTS = 3
_LONGEST = 40


def name(words: Sequence[bytes]) -> str:
    """The command's name, with its second word where that belongs to it: ``config get``."""
    first = _plain(words[0]).lower() if words else ""
    if first in CONTAINERS and len(words) > 1:
        return f"{first} {_plain(words[1]).lower()}"
    return first or "unknown"


def masked(words: Sequence[bytes]) -> str:
    """The command with the beginning of its key's name, and how many more arguments it had; never what they say."""
    command = name(words)
    taken = 1 + (" " in command)
    rest = list(words[taken:])
    if command in SCRIPTS:
        return f"{command} (a script) {_more(len(rest) - 1)}".strip()
    if not rest or command in KEYLESS or " " in command:
        return f"{command} {_more(len(rest))}".strip()
    return f"{command} {prefix(rest[0])} {_more(len(rest) - 1)}".strip()


def _more(count: int) -> str:
    return f"+{count} argument{'s' if count != 1 else ''}" if count > 0 else ""


def prefix(key: bytes) -> str:
    """What a key has in common with others of its kind: ``helix:spend:user:alice`` → ``helix:spend:*``.

    Only the first parts of a name with colons are told, the last never is: it is somebody's or something's id.
    """
    try:
        text = key.decode("ascii")
    except UnicodeDecodeError:
        return "(binary)"
    parts = text.split(":")
    if len(parts) == 1:
        return "(no prefix)"
    told = []
    for part in parts[: min(MOST_PARTS, len(parts)) if _ours(parts) else min(2, len(parts) - 1)]:
        if not _word(part):
            break
        told.append(part)
    whole = len(told) == len(parts)
    return ":".join(told) + ("" if whole else ":*") if told else "(no prefix)"


def _ours(parts: Sequence[str]) -> bool:
    """Our own keys are told one part further, for they all begin alike; names of people come after that."""
    return parts[0] == "helixdash"


def _word(part: str) -> bool:
    """Whether a part of a key is a word of a program, and not an id, an address or a number."""
    plain = part.replace("-", "").replace("_", "")
    if part.startswith("{") and part.endswith("}"):
        return len(part) <= 12
    return plain.isalpha() and len(part) <= 24


def _plain(word: bytes) -> str:
    text = word[:_LONGEST].decode("ascii", "replace")
    return "".join(one if one.isprintable() else "�" for one in text)
