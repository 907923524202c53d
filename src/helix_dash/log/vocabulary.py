"""The host's vocabulary: for each word column, which word a code stands for. It only grows.

One append-only file of JSON lines that all processes of the host read; the one that holds the host's lock
appends. A code is the place of a word among its column's words, counted from 1; 0 is "unknown". Because lines
are never changed, a code means the same in every process and every mirror file that names this vocabulary.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from helix_dash.log.durable import publish, reserve
from helix_dash.log.schema import STORED

WORDS = tuple(column.name for column in STORED if column.kind == "word")
"""The columns that are held as codes."""

UNKNOWN = 0


class Vocabulary:
    """The words read so far from the file at ``path``.

    Attributes:
        id: names this vocabulary; a new file is a new vocabulary.
        version: how many lines of the file have been read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.id = ""
        self.version = 0
        self._words: dict[str, list[str | None]] = {name: [None] for name in WORDS}
        self._codes: dict[str, dict[str, int]] = {name: {} for name in WORDS}
        self._folded: dict[str, list[str]] = {name: [""] for name in WORDS}
        self._ranks: dict[str, list[int]] = {}

    @classmethod
    def create(cls, path: Path) -> Vocabulary:
        """A new, empty vocabulary in a new file; only for the holder of the host's lock."""
        publish(path, json.dumps({"vocabulary": secrets.token_hex(8)}).encode() + b"\n")
        vocabulary = cls(path)
        vocabulary.refresh()
        return vocabulary

    def refresh(self) -> None:
        """Read what was appended since the last time. A half-written last line is left for later."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            tail = file.read()
        whole = tail[: tail.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            self._take(line)

    def is_current(self) -> bool:
        """Whether the file is still the one this vocabulary was read from, and not cut short since."""
        try:
            with self._path.open("rb") as file:
                same = self.id in file.readline(200).decode(errors="replace")
                return bool(self.id) and same and file.seek(0, os.SEEK_END) >= self._offset
        except OSError:
            return False

    def add(self, words: Iterable[tuple[str, str]]) -> None:
        """Append the ``(column, word)`` pairs that are new, durably; only for the holder of the host's lock."""
        self.refresh()
        new = [pair for pair in dict.fromkeys(words) if pair[1] not in self._codes[pair[0]]]
        if not new:
            return
        lines = b"".join(json.dumps(pair).encode() + b"\n" for pair in new)
        with self._path.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            if file.tell() > self._offset:  # a writer died within a line: end it, everybody skips it
                lines = b"\n" + lines
            reserve(file, len(lines))
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        self.refresh()

    def code(self, column: str, word: str) -> int | None:
        """The code of ``word``; ``None`` when the host has never seen it."""
        return self._codes[column].get(word)

    def word(self, column: str, code: int) -> str | None:
        return self._words[column][code]

    def words(self, column: str) -> list[str | None]:
        """The words of ``column`` by code; the first stands for "unknown"."""
        return self._words[column]

    def folded(self, column: str) -> list[str]:
        """The words by code, case-folded, for searches that ignore case."""
        words, folded = self._words[column], self._folded[column]
        if len(folded) < len(words):
            self._folded[column] = folded = [(word or "").casefold() for word in words]
        return folded

    def ranks(self, column: str) -> list[int]:
        """By code, the place of its word in the order of code points."""
        words = self._words[column]
        ranks = self._ranks.get(column, [])
        if len(ranks) < len(words):
            count = len(words)
            ranks = [0] * count
            for place, code in enumerate(sorted(range(1, count), key=lambda code: words[code] or ""), 1):
                ranks[code] = place
            self._ranks[column] = ranks
        return ranks

    def _take(self, line: bytes) -> None:
        self.version += 1
        try:
            value = json.loads(line)
        except ValueError:
            return
        if isinstance(value, dict):
            self.id = str(value.get("vocabulary", ""))
        elif isinstance(value, list) and len(value) == 2 and value[0] in self._codes:
            self._hold(*value)

    def _hold(self, column: str, word: str) -> None:
        if word not in self._codes[column]:
            self._codes[column][word] = len(self._words[column])
            self._words[column].append(word)
