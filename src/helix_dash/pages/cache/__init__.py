"""What the gateway's own cache answers and saves, what it could, and the entries it holds."""

from helix_dash.pages.cache import callbacks, view
from helix_dash.ui.section import Section

SECTION = Section(
    key="cache",
    title="Cache",
    icon="zap",
    group="Gateway",
    path="/cache",
    layout=view.layout,
    callbacks=callbacks.on,
    letter="d",
)
