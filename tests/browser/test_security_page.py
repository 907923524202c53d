"""What people do on the Security page: open an incident, handle it, look where its text went, be refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from installation import Site, Visit, eventually
from playwright.sync_api import Browser

from helix_dash.metrics.incident_states import KEY
from helix_dash.store import connect

TEXT = "Please write to jane.canary@example.com about the order"


def test_an_incident_is_opened_handled_traced_purged_and_revealed(
    own_site: Site, open_tab: Callable[..., Visit]
) -> None:
    """H4.1, X16"""
    store = connect(own_site.store.url)
    at = datetime.now(UTC) - timedelta(minutes=30)
    body = {"user_id": "ada", "timestamp": at.isoformat(), "content_preview": TEXT, "action": "redacted"}
    store.lpush("helix:pii:incidents", json.dumps(body))
    store.hset("helix:vector:v1", mapping={"prompt": TEXT, "response_json": "{}"})
    tab = open_tab(own_site)
    page = tab.go("/security?from=now-24h&refresh=1")
    assert int(tab.raw("security_incidents")) > 0
    page.click('#hx-security-pick label:has-text("Gateway\'s list")')
    line = page.wait_for_selector("#hx-security-incidents-table a:visible", timeout=60_000)
    eventually(lambda: tab.raw("security_incidents") == "1")
    line = page.wait_for_selector("#hx-security-incidents-table a:visible")
    line.click()
    page.wait_for_selector("#hx-incident-details dt")
    assert "incident=list" in page.url
    page.click("#hx-incident-acknowledge")
    page.wait_for_selector("#hx-incident-done:has-text('Acknowledged')")
    eventually(lambda: store.hlen(KEY) == 1)

    page.click("#hx-incident-reveal")
    page.wait_for_selector(f"#hx-incident-revealed pre:has-text('{TEXT}')", timeout=30_000)
    page.click("#hx-incident-trace")
    page.wait_for_selector("#hx-incident-receipt dd:has-text('1 holds it')", timeout=30_000)
    page.click("#hx-incident-purge")
    page.click("#hx-incident-sure")
    page.wait_for_selector("#hx-incident-receipt dd:has-text('1 of 1 deleted')", timeout=30_000)
    assert store.exists("helix:pii:incidents", "helix:vector:v1") == 0
    page.click(".hx-drawer .btn-close")
    page.wait_for_url(lambda address: "incident" not in address)
    assert tab.complaints == []


def test_a_viewer_sees_incidents_and_no_button_to_change_them(chromium: Browser, site: Site) -> None:
    context = chromium.new_context()
    tab = Visit(context.new_page(), site)
    tab.listen()
    tab.sign_in("viewer")
    page = tab.go("/security?refresh=off")
    page.click("#hx-security-incidents-table a:visible")
    page.wait_for_selector("#hx-incident-details dt")
    for button in ("acknowledge", "trace", "purge", "reveal"):
        assert not page.is_visible(f"#hx-incident-{button}")
    assert "Needs the admin role" in page.inner_text(".hx-form")
    context.close()
    assert tab.complaints == []
