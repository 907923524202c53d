"""How the machinery does: services, hosts, stores, this dashboard itself, and what all of it logged."""

from helix_dash.context import settings
from helix_dash.pages.system import callbacks, view
from helix_dash.ui.section import Section

SECTION = Section(
    key="system",
    title="System health",
    icon="activity",
    group="Operate",
    path="/system",
    layout=lambda: view.layout(settings()),
    callbacks=callbacks.on,
    letter="h",
)
