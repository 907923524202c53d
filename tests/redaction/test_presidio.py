"""Presidio in place of the built-in forms, without a model and without the network; where it is installed."""

from __future__ import annotations

import socket
import sys

import pytest

from helix_dash.errors import SettingError
from helix_dash.redaction.masking import mask
from helix_dash.redaction.presidio import presidio
from helix_dash.redaction.rules import Rules
from redaction_texts import CANARIES


def test_without_the_package_the_setting_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(SettingError, match=r"helix-dash\[presidio\]"):
        presidio()


@pytest.mark.filterwarnings("ignore")
def test_it_recognises_and_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """H10"""
    pytest.importorskip("presidio_analyzer")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    engine, rules = presidio(), Rules(strict=False)
    found = mask("my card is 4111 1111 1111 1111, mail a.b@example.com", rules, engine)
    assert found.types["CREDIT_CARD"] == found.types["EMAIL_ADDRESS"] == 1
    assert "4111" not in found.text
    for value in CANARIES:
        shown = mask(f"note {value} please", rules, engine).text
        assert value not in shown
