"""What of a text may be seen: types and harmless words, whatever recognizers miss."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helix_dash.errors import BadQuery
from helix_dash.redaction.masking import _WORDS, mask, of_types
from helix_dash.redaction.recognizers import TYPES, find, iban, luhn, plain
from helix_dash.redaction.rules import Rules, checked, rules, set_rules
from helix_dash.store import connect
from redaction_texts import CANARIES

OPEN = Rules(strict=False)


@pytest.mark.parametrize("value", CANARIES)
def test_no_part_of_a_value_stays(value: str) -> None:
    """H13, T45: also what no recognizer knows, and what hides behind odd signs."""
    shown = mask(f"Please send it to {value} and thanks", OPEN).text
    for part in re.findall(r"\w{4,}", value):
        assert part.lower() not in shown.lower()
    assert shown.startswith("please send it to")
    assert shown.endswith("and thanks")


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("card 4111 1111 1111 1111", {"CREDIT_CARD": 1}),
        ("card ４１１１１１１１１１１１１１１１", {"CREDIT_CARD": 1}),
        ("mail a.b@example.co.uk and c@example.com", {"EMAIL_ADDRESS": 2}),
        ("GB82 WEST 1234 5698 7654 32", {"IBAN_CODE": 1}),
        ("ssn 078-05-1120 ok", {"US_SSN": 1}),
        ("from 192.168.10.44 now", {"IP_ADDRESS": 1}),
        ("key sk-abcdefghijklmnopqrst", {"API_KEY": 1}),
        ("order 4111 1111 1111 1112", {}),
        ("999-99-9999", {}),
        ("1.2.3.400", {}),
    ],
)
def test_types_are_told_by_form_and_check_digits(text: str, types: dict[str, int]) -> None:
    """H4.2"""
    assert mask(text, OPEN).types == types


def test_strict_mode_keeps_no_word_at_all() -> None:
    """H4.5"""
    found = mask("please call 4111 1111 1111 1111", Rules())
    assert (found.text, found.types) == ("", {"CREDIT_CARD": 1})


def test_sensitivity_decides_what_is_told_and_not_what_is_hidden() -> None:
    """H4.5"""
    text = "call +1 555 010 9988 please"
    low, high = (mask(text, Rules(sensitivity=word, strict=False)) for word in ("low", "high"))
    assert (low.types, high.types) == ({}, {"PHONE_NUMBER": 1})
    assert "9988" not in low.text + high.text
    assert "<PHONE_NUMBER>" in high.text


def test_a_type_that_is_not_looked_for_is_hidden_all_the_same() -> None:
    """H4.5"""
    found = mask("mail a@example.com", Rules(types=("CREDIT_CARD",), strict=False))
    assert (found.types, found.text) == ({}, "mail •")


@given(st.text(max_size=300))
def test_whatever_comes_in_only_types_and_harmless_words_come_out(text: str) -> None:
    """T45, as a property."""
    shown = mask(text, OPEN).text
    allowed = _WORDS | {"•", "…"} | {f"<{name}>" for name in TYPES}
    assert set(shown.split()) <= allowed


def test_what_overlaps_counts_once() -> None:
    assert [one.type for one in find(plain("postgres://a:b@example.com/x"))] == ["DATABASE_CONNECTION"]


@pytest.mark.parametrize("number", ["4111111111111111", "378282246310005", "6011111111111117"])
def test_card_numbers_have_a_check_digit(number: str) -> None:
    assert luhn(number)
    assert not luhn(number[:-1] + str((int(number[-1]) + 1) % 10))


def test_accounts_have_check_digits() -> None:
    assert iban("DE89370400440532013000")
    assert not iban("DE88370400440532013000")


def test_a_masked_form_of_types_alone() -> None:
    assert of_types({"US_SSN": 2, "PERSON": 1}) == "<US_SSN>×2 <PERSON>"


@pytest.mark.parametrize(
    ("sensitivity", "types", "strict"),
    [
        ("extreme", [], True),
        (None, [], True),
        ("low", ["NO_SUCH"], True),
        ("low", "US_SSN", True),
        ("low", [], 1),
    ],
)
def test_rules_that_cannot_be_are_refused(sensitivity: object, types: object, strict: object) -> None:
    with pytest.raises(BadQuery):
        checked(sensitivity, types, strict=strict)


def test_rules_are_kept(store_url: str) -> None:
    """H4.5"""
    store = connect(store_url)
    assert rules(store) == Rules()
    wanted = checked("high", ["US_SSN"], strict=False)
    set_rules(store, wanted)
    assert rules(store) == wanted


@pytest.mark.parametrize("poison", [b"{", b"\xff", b'{"strict": false, "types": ["X"]}', b"[]"])
def test_rules_that_cannot_be_read_are_the_strict_ones(store_url: str, poison: bytes) -> None:
    store = connect(store_url)
    store.set("helixdash:{app}:redaction", poison)
    assert rules(store).strict
