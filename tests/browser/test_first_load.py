"""What a first visit may cost: docs/first-load.md has the measured figures."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from first_load import KINDS, transferred
from installation import Site, Visit

REQUESTS = 40
"""Most of a first visit: its document, scripts, sheets, fonts, and what fills the page."""


@pytest.mark.parametrize(("path", "most"), [("/", 1_600_000), ("/requests", 2_200_000)])
def test_a_first_visit_transfers_no_more_than_it_may(
    open_tab: Callable[..., Visit], site: Site, path: str, most: int
) -> None:
    """F12: 1.6 MB with charts, 2.2 MB with a grid, with an empty cache, in at most 40 requests."""
    page = open_tab(site).go(f"{path}?refresh=off")
    sizes = transferred(page)
    assert 500_000 < sum(sizes[kind] for kind in KINDS) <= most
    assert sizes["requests"] <= REQUESTS
