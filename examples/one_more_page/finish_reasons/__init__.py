"""Why answers ended: requests by finish reason."""

from helix_dash.ui.section import Section

from . import callbacks, view

SECTION = Section("finish", "Finish reasons", "list", "API", "/finish-reasons", view.layout, callbacks.on)
