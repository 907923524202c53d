"""Prompt hashes: equal for repeats, useless without the key."""

from __future__ import annotations

from helix_dash.sources.prompt_hash import prompt_hash

KEY = b"a shared secret"


def chat(*contents: object) -> list[dict[str, object]]:
    return [{"role": "user", "content": content} for content in contents]


def test_the_same_prompt_has_the_same_hash():
    assert prompt_hash(chat("hello"), KEY) == prompt_hash(chat("hello"), KEY)


def test_white_space_makes_no_difference():
    assert prompt_hash(chat("hello  world\n"), KEY) == prompt_hash(chat(" hello world"), KEY)


def test_how_unicode_composes_a_letter_makes_no_difference():
    assert prompt_hash(chat("caf\u00e9"), KEY) == prompt_hash(chat("cafe\u0301"), KEY)


def test_letters_make_a_difference():
    assert prompt_hash(chat("hello"), KEY) != prompt_hash(chat("hallo"), KEY)


def test_the_role_makes_a_difference():
    asked = [{"role": "system", "content": "hello"}]
    assert prompt_hash(asked, KEY) != prompt_hash(chat("hello"), KEY)


def test_where_one_message_ends_makes_a_difference():
    assert prompt_hash(chat("a b", "c"), KEY) != prompt_hash(chat("a", "b c"), KEY)


def test_another_key_gives_another_hash():
    """Without the key nobody can try candidates against the log."""
    assert prompt_hash(chat("hello"), KEY) != prompt_hash(chat("hello"), b"another secret")


def test_a_hash_is_128_bits_and_holds_nothing_of_the_text():
    hashed = prompt_hash(chat("My SSN is 536-90-4399"), KEY)
    assert hashed is not None
    assert len(bytes.fromhex(hashed)) == 16


def test_a_key_may_have_any_length():
    assert prompt_hash(chat("hello"), b"k" * 1000)


def test_inputs_of_an_embedding_are_prompts_too():
    assert prompt_hash(["a", "b"], KEY) != prompt_hash(["a", "c"], KEY)


def test_pictures_and_parts_are_hashed_in_one_fixed_form():
    part = [{"type": "text", "text": "what is this"}, {"type": "image_url", "image_url": {"url": "data:…"}}]
    turned = [dict(reversed(piece.items())) for piece in part]
    assert prompt_hash(chat(part), KEY) == prompt_hash(chat(turned), KEY)


def test_token_numbers_are_a_prompt():
    assert prompt_hash([[1, 2], [3]], KEY) != prompt_hash([[1], [2, 3]], KEY)


def test_without_a_prompt_there_is_no_hash():
    assert [prompt_hash(prompt, KEY) for prompt in (None, [], "", chat(None))] == [None] * 4


def test_a_prompt_that_litellm_redacted_has_no_hash():
    """All redacted prompts are the same text; their hash would show one huge false repeat."""
    assert prompt_hash(chat("redacted-by-litellm"), KEY) is None
