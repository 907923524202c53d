"""The same app inside somebody's Flask server.

    host.register_blueprint(helix_blueprint(settings), url_prefix="/helix")

The host keeps its own routes, sessions and error pages; everything below the prefix is ours and guarded by
us. The host's ``secret_key`` signs our part of its session. See examples/flask_host/.
"""

from __future__ import annotations

import itertools
from typing import cast

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from helix_dash.app import create_app
from helix_dash.errors import SettingError
from helix_dash.settings import Settings

_count = itertools.count(1)


def helix_blueprint(settings: Settings) -> Blueprint:
    """A blueprint that puts the web app under the ``url_prefix`` it is registered with.

    Dash's routes are routes of the server and not of a blueprint, so the app is built when the blueprint is
    registered, on the server it is registered with. It may be registered several times.

    Raises:
        SettingError: (when registered) there is no ``url_prefix``, or the server has no ``secret_key``.
    """
    blueprint = Blueprint(f"helix_dash_{next(_count)}", __name__)

    @blueprint.record
    def build(state: BlueprintSetupState) -> None:
        prefix = (state.url_prefix or "").strip("/")
        if not prefix:
            raise SettingError(
                "Register the blueprint with a url_prefix, as in url_prefix='/helix': without one our guard "
                "would close the host's own pages."
            )
        create_app(settings, server=cast("Flask", state.app), prefix=f"/{prefix}/")

    return blueprint
