"""One whole app per module: its tests only read."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from whole import signed_in, whole_app

from helix_dash.embedded import EmbeddedStore
from webapp import web_store  # noqa: F401 - fixture


@pytest.fixture(scope="module")
def app(web_store: EmbeddedStore, tmp_path_factory: pytest.TempPathFactory) -> Flask:  # noqa: F811
    return whole_app(web_store, tmp_path_factory.mktemp("whole"))


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    return signed_in(app, "viewer")


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    return signed_in(app, "admin")
