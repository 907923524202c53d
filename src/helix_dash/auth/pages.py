"""The few pages that are plain HTML and no Dash: the sign-in, and refusals in words.

They carry no version, no bundle and no data, and work in both themes.
"""

from __future__ import annotations

import functools

import jinja2
from flask import Response, g

from helix_dash import assets, context
from helix_dash.errors import Forbidden, HelixError, NotFound, StoreError

SHEETS = ("tokens.css", "layout.css", "icons.css", "components.css")
"""The style sheets they load, in order."""


@functools.cache
def _templates() -> jinja2.Environment:
    # Our own environment: inside somebody's Flask host, his templates must not be taken for ours.
    return jinja2.Environment(loader=jinja2.PackageLoader("helix_dash.auth"), autoescape=True)


def page(template: str, status: int, **values: object) -> Response:
    """``template`` filled in, as an answer with ``status``."""
    app = context.running()
    text = (
        _templates()
        .get_template(template)
        .render(
            asset=functools.partial(assets.address, app.address),
            sheets=SHEETS,
            home=app.address,
            theme=app.settings.theme,
            motion=app.settings.animations,
            **values,
        )
    )
    return Response(text, status=status, mimetype="text/html")


def refused(error: HelixError) -> Response:
    """A refusal that a person reads."""
    g.helix_refusal = (type(error).__name__.lower(), str(error))
    match error:
        case NotFound():
            return page("message.html", 404, title="Page not found", text="There is no page at this address.")
        case Forbidden():
            text = "Your role does not include this page. An administrator can change that."
            return page("message.html", 403, title="Not allowed", text=text)
        case StoreError():
            text = "The store does not answer, so your sign-in cannot be confirmed. Please try again shortly."
            return page("message.html", 503, title="Store unavailable", text=text)
        case _:
            return page("message.html", 400, title="Not possible", text=str(error))
