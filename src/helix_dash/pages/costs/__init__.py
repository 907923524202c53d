"""What was spent and by whom, what the month will cost, how budgets stand, and how each figure is made of prices."""

from helix_dash.pages.costs import callbacks, view
from helix_dash.ui.section import Section

SECTION = Section(
    key="costs",
    title="Costs",
    icon="wallet",
    group="Gateway",
    path="/costs",
    layout=view.layout,
    callbacks=callbacks.on,
    letter="m",
)
