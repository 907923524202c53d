"""What guardrails found and did, what became of each incident, and what can be shown of how data are protected."""

from helix_dash.pages.security import callbacks, view
from helix_dash.ui.section import Section

SECTION = Section(
    key="security",
    title="Security",
    icon="shield",
    group="Gateway",
    path="/security",
    layout=view.layout,
    callbacks=callbacks.on,
    letter="s",
)
