"""Every recorded request: filter and sort by any column, open one, take them all away."""

from helix_dash.log.schema import SHOWN
from helix_dash.pages.requests import callbacks, view
from helix_dash.ui.section import ExportTable, Section

SECTION = Section(
    key="requests",
    title="Requests",
    icon="list",
    group="Monitor",
    path="/requests",
    layout=view.layout,
    callbacks=callbacks.on,
    letter="r",
    tables=(ExportTable("requests", "Requests", tuple(column.name for column in SHOWN)),),
)
