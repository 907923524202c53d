"""The registry of pages: the menu, the addresses and the callbacks all follow from this tuple."""

from helix_dash.pages import (
    cache,
    chat,
    costs,
    embeddings,
    gallery,
    kv_cache,
    overview,
    rate_limits,
    requests,
    security,
    system,
    usage,
    users,
)
from helix_dash.ui.installed import installed
from helix_dash.ui.section import Section

SECTIONS: tuple[Section, ...] = (
    overview.SECTION,
    requests.SECTION,
    chat.SECTION,
    embeddings.SECTION,
    rate_limits.SECTION,
    kv_cache.SECTION,
    costs.SECTION,
    cache.SECTION,
    security.SECTION,
    users.SECTION,
    usage.MINE,
    usage.SECTION,
    system.SECTION,
)


def all_sections(*, show_gallery: bool = False) -> tuple[Section, ...]:
    """Ours, then those of other distributions that are installed beside us; last the gallery, for developers."""
    own = (*SECTIONS, gallery.SECTION) if show_gallery else SECTIONS
    return (*own, *installed(own))
