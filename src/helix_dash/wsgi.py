"""``gunicorn helix_dash.wsgi:app``: the web app with the settings of the environment."""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "2")  # read when polars is imported, so before our own imports

from helix_dash.app import create_app
from helix_dash.settings import load

app = create_app(load(os.environ))
