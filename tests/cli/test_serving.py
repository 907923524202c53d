"""The listening socket that is handed to gunicorn."""

from __future__ import annotations

import socket

import pytest

from helix_dash.errors import SettingError
from helix_dash.serving import gunicorn_command, listen, web_environ


def test_the_port_is_open_before_gunicorn_starts() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), timeout=5):
        pass


def test_gunicorn_gets_the_open_socket() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert f"fd://{listener.fileno()}" in gunicorn_command(listener)


def test_an_address_of_another_machine_names_the_setting() -> None:
    with pytest.raises(SettingError, match="HOST"):
        listen("192.0.2.1", 8050)


def test_a_name_that_is_no_address_names_the_setting() -> None:
    with pytest.raises(SettingError, match="HOST"):
        listen("no such host", 8050)


def test_web_processes_give_polars_two_threads_unless_told_otherwise() -> None:
    assert web_environ({})["POLARS_MAX_THREADS"] == "2"
    assert web_environ({"POLARS_MAX_THREADS": "4"})["POLARS_MAX_THREADS"] == "4"
