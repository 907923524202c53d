"""Embeddings: how many texts, by which models, in which batches, what they cost, and which came twice."""

from helix_dash.pages.embeddings import callbacks, view
from helix_dash.ui.section import Section

SECTION = Section(
    key="embeddings",
    title="Embeddings",
    icon="braces",
    group="API",
    path="/embeddings",
    layout=view.layout,
    callbacks=callbacks.on,
    letter="e",
)
