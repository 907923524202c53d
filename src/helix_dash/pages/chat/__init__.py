"""Chat completions: which models, how fast, how reliable, how large, at what cost."""

from helix_dash.pages.chat import callbacks, view
from helix_dash.ui.section import Section

SECTION = Section(
    key="chat",
    title="Chat completions",
    icon="message-square",
    group="API",
    path="/chat",
    layout=view.layout,
    callbacks=callbacks.on,
    letter="c",
)
