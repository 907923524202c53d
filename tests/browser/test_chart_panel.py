"""A chart's panel: its menu, table, file, keyboard, types, comparison, and what a click does."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from urllib.parse import parse_qs, urlparse

from installation import Visit, eventually, until
from playwright.sync_api import Page

SPAN = "from=now-24h&refresh=off"
TRACES = "name => document.querySelector(`#hx-${name}-figure .js-plotly-plot`).data"


def menu(page: Page, name: str, line: str) -> None:
    page.click(f"#hx-{name}-menu-button")
    page.click(f"#hx-{name}-menu {line}")


def traces(page: Page, name: str) -> list[dict[str, object]]:
    page.wait_for_selector(f"#hx-{name}-figure .plot-container")
    found: list[dict[str, object]] = page.evaluate(TRACES, name)
    return found


def test_a_chart_can_be_read_as_a_table_below_a_sentence(visit: Visit) -> None:
    """X10: every chart as a table."""
    page = visit.go(f"/?{SPAN}")
    menu(page, "volume", "[data-table]")
    heads = page.locator("#hx-volume-numbers thead th").all_inner_texts()
    assert heads[:3] == ["Time", "All", "Success"]
    assert page.locator("#hx-volume-numbers tbody tr").count() > 20
    assert page.inner_text("#hx-volume-numbers .hx-panel__says").startswith("Total 3,000; peak ")
    menu(page, "volume", "[data-table]")
    assert page.locator("#hx-volume-numbers table").count() == 0


def test_another_type_is_drawn_and_kept_in_the_address(visit: Visit) -> None:
    """pages.md 0: the chart type per card is in the address."""
    page = visit.go(f"/?{SPAN}")
    menu(page, "volume", "[data-chart-type=line]")
    page.wait_for_url(lambda address: "chart=volume.line" in address)
    eventually(lambda: {one["type"] for one in traces(page, "volume")} == {"scatter"})
    page.reload()
    visit.settled()
    eventually(lambda: {one["type"] for one in traces(page, "volume")} == {"scatter"})
    menu(page, "volume", "[data-chart-type=bar]")
    page.wait_for_url(lambda address: "chart=" not in address)
    eventually(lambda: {one["type"] for one in traces(page, "volume")} == {"bar"})


def test_a_logarithmic_scale_is_a_choice(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}")
    menu(page, "latency", "[data-chart-log]")
    page.wait_for_url(lambda address: "chart=latency.line.log" in address)
    scale = "document.querySelector('#hx-latency-figure .js-plotly-plot')._fullLayout.yaxis.type"
    eventually(lambda: page.evaluate(scale) == "log")


def test_the_file_of_a_chart_holds_its_figures_with_their_zone(visit: Visit, tmp_path: Path) -> None:
    """CSV of a chart: ISO times with their zone, named after panel and range."""
    page = visit.go(f"/?{SPAN}&zone=Asia/Tokyo")
    with page.expect_download() as started:
        menu(page, "volume", "[data-csv]")
    assert started.value.suggested_filename.startswith("requests-20")
    started.value.save_as(tmp_path / "chart.csv")
    text = (tmp_path / "chart.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert "\r\n" in text
    assert rows[0]["Time"].endswith("+09:00")
    assert sum(int(row["All"] or 0) for row in rows) == 3000


def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}")
    until(page, "Boolean(window.hxcharts.shown.volume)")
    page.evaluate("window.hxcharts.shown.volume.series[0].name = '=1+1'")
    assert "'=1+1" in page.evaluate("window.hxcharts.csv('volume')").splitlines()[0]


def test_a_chart_opens_its_requests_with_the_filters_of_the_page(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}&status=success&compare=previous&chart=volume.line")
    page.click("#hx-volume-menu-button")
    address = urlparse(page.get_attribute("#hx-volume-menu [data-open]", "href") or "")
    assert address.path.endswith("/requests")
    assert parse_qs(address.query) == {"from": ["now-24h"], "refresh": ["off"], "status": ["success"]}


def test_arrow_keys_walk_over_the_points_and_say_them(visit: Visit) -> None:
    """X10: a chart is read by keyboard."""
    page = visit.go(f"/?{SPAN}")
    page.focus("#hx-volume [data-chart]")
    spoken = "#hx-volume-spoken"
    page.keyboard.press("End")
    last = page.inner_text(spoken)
    assert "(so far), All:" in last
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    assert ", Success: " in page.inner_text(spoken)
    page.wait_for_selector("#hx-volume-figure .hoverlayer .legend")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "status=success" in address)


def test_a_key_goes_from_chart_to_chart(visit: Visit) -> None:
    """X10: keyboard first."""
    page = visit.go(f"/?{SPAN}")
    page.wait_for_selector("#hx-tokens-figure .plot-container")
    page.keyboard.press("w")
    assert page.evaluate("document.activeElement.dataset.chart") == "volume"
    page.keyboard.press("w")
    assert page.evaluate("document.activeElement.dataset.chart") == "latency"


def test_the_period_before_is_drawn_dotted_and_named(visit: Visit) -> None:
    """pages.md 0: compare with the previous period."""
    page = visit.go("/?from=now-10h&refresh=off&compare=previous")
    dotted = [one for one in traces(page, "volume") if one["name"] == "Previous 10 hours"]
    assert dotted[0]["line"] == {"color": "#7C8594", "width": 1.5, "dash": "dot", "shape": "hv"}
    assert "Previous 10 hours" in page.inner_text("#hx-volume-legend")
    menu(page, "volume", "[data-table]")
    assert page.locator("#hx-volume-numbers thead th").last.inner_text() == "Previous 10 hours"


def test_without_comparison_nothing_is_dotted(visit: Visit) -> None:
    page = visit.go("/?from=now-10h&refresh=off")
    assert not [one for one in traces(page, "volume") if str(one.get("name")).startswith("Previous")]


def test_shift_and_click_on_a_bar_excludes(visit: Visit) -> None:
    """pages.md 0: click a mark to filter, shift-click to exclude."""
    page = visit.go(f"/?{SPAN}")
    page.wait_for_selector("#hx-volume-figure .bars .point path", state="attached")
    bar = page.evaluate(
        """() => { const bars = [...document.querySelectorAll('#hx-volume-figure .trace.bars:first-child .point path')].map((path) => path.getBoundingClientRect());
        const box = bars.sort((a, b) => b.height - a.height)[0]; return [box.x + box.width / 2, box.y + box.height / 2]; }"""
    )  # fmt: skip
    page.mouse.move(*bar)
    page.keyboard.down("Shift")
    page.mouse.click(*bar)
    page.keyboard.up("Shift")
    page.wait_for_url(lambda address: "status!=success" in address.replace("%21", "!"))


def test_a_double_click_takes_the_brush_back(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}")
    page.locator("#hx-latency").scroll_into_view_if_needed()
    box = page.locator("#hx-latency-figure .nsewdrag").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=8)
    page.mouse.up()
    page.wait_for_url(lambda address: "to=" in address)
    visit.settled()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle + 3)
    page.mouse.dblclick(box["x"] + box["width"] * 0.5, middle + 3)
    page.wait_for_url(lambda address: "from=now-24h" in address and "to=" not in address)


def test_one_crosshair_runs_through_all_charts_and_one_tooltip_opens(visit: Visit) -> None:
    """pages.md 0: shared crosshair, only the hovered chart opens a tooltip."""
    page = visit.go(f"/?{SPAN}")
    page.wait_for_selector("#hx-latency-figure .nsewdrag")
    box = page.locator("#hx-volume-figure .nsewdrag").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)
    page.mouse.move(box["x"] + box["width"] * 0.5 + 3, box["y"] + 22)
    page.wait_for_selector("#hx-latency .hx-panel__crosshair", state="visible")
    page.wait_for_selector("#hx-volume-figure .hoverlayer .legend")
    assert page.locator("#hx-latency-figure .hoverlayer .legend").count() == 0


def test_a_zoned_page_draws_the_clock_of_its_zone(visit: Visit) -> None:
    """F16: figures in the zone of the page."""
    page = visit.go(f"/?{SPAN}&zone=Asia/Tokyo")
    eventually(lambda: page.inner_text("#hx-volume-subtitle").endswith("Asia/Tokyo"))
    menu(page, "volume", "[data-table]")
    here = page.locator("#hx-volume-numbers tbody th").first.inner_text()
    visit.go(f"/?{SPAN}")
    menu(page, "volume", "[data-table]")
    assert page.locator("#hx-volume-numbers tbody th").first.inner_text() != here


def test_what_holds_for_all_panels_is_said_by_the_first(visit: Visit) -> None:
    """Lesson: one message, not nine times the same."""
    page = visit.go(f"/?{SPAN}&model=of-nobody")
    eventually(lambda: page.locator("[data-panel][data-state=empty]").count() > 3)
    said = page.locator("[data-panel] .hx-panel__message > span:not(.hx-icon):visible")
    eventually(lambda: said.count() == 1)


def test_a_chart_over_time_keeps_its_height_on_a_narrow_page(visit: Visit) -> None:
    """visual.md 6: on a small screen only a ranking of few bars is lower."""
    visit.page.set_viewport_size({"width": 390, "height": 844})
    page = visit.go(f"/?{SPAN}")
    page.wait_for_selector("#hx-volume-figure .plot-container", state="attached")
    for span in ("now-3d", SPAN.partition("&")[0].removeprefix("from=")):
        page.evaluate("from => window.hx.set({ from })", span)
        visit.settled()
        body = page.locator("#hx-volume .hx-panel__body").bounding_box() or {}
        assert body["height"] > 200
