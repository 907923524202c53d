"""For developers: every part of the interface in every state, from samples (``helix-dash demo --gallery``)."""

from helix_dash.pages.gallery import callbacks, view
from helix_dash.ui.section import Section

SECTION = Section("gallery", "Gallery", "settings", "Operate", "/gallery", view.layout, callbacks.on)
