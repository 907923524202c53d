"""Who comes near which limit, who was refused by whom, and what other limits would have done."""

from helix_dash.pages.rate_limits import callbacks, view
from helix_dash.ui.section import Section

SECTION = Section(
    key="rate-limits",
    title="Rate limits",
    icon="gauge",
    group="API",
    path="/rate-limits",
    layout=view.layout,
    callbacks=callbacks.on,
    letter="l",
)
