"""How well a server's KV cache is used, how its router spreads the work, and what stands out."""

from helix_dash.context import settings
from helix_dash.pages.kv_cache import callbacks, view
from helix_dash.ui.section import Section

SECTION = Section(
    key="kv-cache",
    title="KV cache",
    icon="database",
    group="API",
    path="/kv-cache",
    layout=lambda: view.layout(settings()),
    callbacks=callbacks.on,
    letter="k",
)
