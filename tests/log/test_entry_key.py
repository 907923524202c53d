"""Keys of cache entries in the log: short, alike wherever they come from, never a text."""

from __future__ import annotations

import hashlib

import pytest

from helix_dash.log.entry_key import entry_key
from request_records import a_request, rows_of

DIGEST = hashlib.sha256(b"a request").hexdigest()


@pytest.mark.parametrize(
    "key", [DIGEST, f"litellm.cache:{DIGEST}", f"helix:exact:{DIGEST}", f"helix:exact:cache/{DIGEST}"]
)
def test_whatever_stands_before_the_digest_it_is_the_same_entry(key: str) -> None:
    assert entry_key(key) == DIGEST[:16]


def test_another_digest_is_another_entry() -> None:
    assert entry_key(hashlib.sha256(b"another").hexdigest()) != entry_key(DIGEST)


def test_a_key_without_a_digest_becomes_one_and_its_text_is_gone() -> None:
    key = entry_key("gpt-4o: my SSN is 536-90-4399")
    assert len(key) == 16
    assert int(key, 16)


def test_what_is_short_already_stays() -> None:
    assert entry_key(entry_key("any")) == entry_key("any")


def test_a_record_keeps_the_short_form_of_its_key() -> None:
    """X5"""
    assert rows_of(a_request(cache_key=f"litellm.cache:{DIGEST}"))["cache_key"].to_pylist() == [DIGEST[:16]]
