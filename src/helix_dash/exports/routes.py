"""Handing a finished export to its owner, and to nobody else."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, send_file

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.errors import NotFound
from helix_dash.exports.folder import Folder, Sidecar


def export_routes(name: str) -> Blueprint:
    """``/exports/<id>.csv`` and ``/exports/<id>.json``; ``name`` is unique within the server."""
    routes = Blueprint(name, __name__)

    @routes.get("/exports/<identity>.csv")
    def table(identity: str) -> Response:
        folder, sidecar = _owned(identity)
        trail.record("export.downloaded", identity, f"{sidecar.rows} rows of {sidecar.table}")
        return _attachment(folder.table_file(identity), "text/csv", sidecar, "csv")

    @routes.get("/exports/<identity>.json")
    def about(identity: str) -> Response:
        folder, sidecar = _owned(identity)
        return _attachment(folder.sidecar_file(identity), "application/json", sidecar, "json")

    return routes


def _owned(identity: str) -> tuple[Folder, Sidecar]:
    """The export, when the asker made it and may still see all that is in it.

    Raises:
        Forbidden: exports are not (any more) among what the asker may do.
        NotFound: there is none, or it is somebody else's: the two must look the same.
    """
    context.need("export:create")
    folder = Folder(context.settings().export_dir)
    sidecar = folder.sidecar(identity)
    asker = context.user()
    scope_left = asker.organization is not None and asker.organization != sidecar.organization
    if sidecar.owner != asker.key or scope_left:
        raise NotFound("There is no such export.")
    return folder, sidecar


def _attachment(path: Path, kind: str, sidecar: Sidecar, ending: str) -> Response:
    # The name is made of our own table's name and of two dates, so nothing in it needs quoting.
    name = f"helix-{sidecar.table}-{sidecar.range[0][:10]}-to-{sidecar.range[1][:10]}.{ending}"
    return send_file(path, mimetype=kind, as_attachment=True, download_name=name, etag=False)
