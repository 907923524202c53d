"""One user's, team's or group's usage, and everybody's own: what they asked for, how it went, what it cost.

The filter in the address says whose; "My usage" finds the signed-in person in the log by the account's name.
"""

from helix_dash.pages.usage import callbacks, view
from helix_dash.ui.section import Section
from helix_dash.ui.wiring import Callbacks

SECTION = Section(
    key="usage",
    title="Usage",
    icon="circle-user",
    group="People",
    path="/usage",
    layout=view.layout,
    callbacks=callbacks.on,
    listed=False,
)
MINE = Section(
    key="my-usage",
    title="My usage",
    icon="circle-user",
    group="People",
    path="/my-usage",
    layout=view.layout_of_mine,
    callbacks=Callbacks(),  # its parts are those of the other, which fills them
    letter="i",
)
