"""The page an operator opens first: how much, how well, how fast, at what cost, and who."""

from helix_dash.pages.overview import callbacks, view
from helix_dash.ui.section import Section

SECTION = Section(
    key="overview",
    title="Overview",
    icon="layout-dashboard",
    group="Monitor",
    path="/",
    layout=view.layout,
    callbacks=callbacks.on,
    letter="o",
)
