"""Who uses the gateway: users and teams, growth and activity, sudden changes, key hygiene, groups."""

from helix_dash.pages.users import callbacks, view
from helix_dash.ui.section import Section

SECTION = Section(
    key="users",
    title="Users",
    icon="users",
    group="People",
    path="/users",
    layout=view.layout,
    callbacks=callbacks.on,
    letter="u",
)
