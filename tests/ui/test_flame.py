"""The flame chart: every span of a trace at once, on the axis of the tree."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import shoot
from tests.ui.seeding import Seeded, span_id, trace_id
from tests.ui.test_appearance import AXE, SERIOUS
from tests.ui.waiting import at_rest, soon


def chart(page: Page) -> Locator:
    return page.get_by_role("img", name=re.compile("spans in"))


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Selected span")


def at(page: Page, share: float, lane: int) -> tuple[float, float]:
    """Return where a lane is at a moment of the axis, the whole axis being 1, once it stays."""
    at_rest(page)
    box = chart(page).bounding_box()
    assert box is not None
    return box["x"] + share * box["width"], box["y"] + lane * 20 + 10


def color(page: Page, x: float, y: float) -> list[int]:
    """Return red, green and blue of the chart at a place of the page."""
    found = chart(page).evaluate(
        """(canvas, [x, y]) => {
            const box = canvas.getBoundingClientRect();
            const scale = canvas.width / box.width;
            return [...canvas.getContext("2d").getImageData(
                (x - box.left) * scale, (y - box.top) * scale, 1, 1).data];
        }""",
        [x, y],
    )
    return [int(each) for each in found[:3]]


def test_the_switch_is_in_the_address_and_the_axis_stays(page: Page, seeded: Seeded) -> None:
    page.goto(f"/traces/{trace_id(seeded.chat)}?span={span_id(seeded.prefill)}")
    expect(panel(page)).to_be_visible()
    page.keyboard.press("f")
    expect(page).to_have_url(re.compile("zoom="))
    page.get_by_role("button", name="Flame").click()
    expect(page).to_have_url(re.compile("as=flame"))
    expect(chart(page)).to_have_accessible_name("34 spans in 5 lanes")
    page.reload()
    expect(chart(page)).to_be_visible()
    expect(panel(page).get_by_role("heading", name="prefill")).to_be_visible()
    page.keyboard.press("v")
    expect(page.get_by_role("treeitem").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"zoom=\d+-\d+"))


def test_pointing_names_a_span_and_a_click_selects_it(page: Page, seeded: Seeded) -> None:
    page.goto(f"/traces/{trace_id(seeded.chat)}?as=flame")
    expect(chart(page)).to_be_visible()
    page.mouse.move(*at(page, 0.5, 0))
    pointed = page.get_by_role("status").filter(has_text="POST /v1/chat/completions")
    expect(pointed).to_have_count(1)
    shoot(page, "flame-dark")
    page.mouse.click(*at(page, 0.5, 3))
    expect(panel(page).get_by_role("heading", name="decode")).to_be_visible()
    page.mouse.dblclick(*at(page, 0.03, 3))
    expect(panel(page).get_by_role("heading", name="prefill")).to_be_visible()
    expect(page).to_have_url(re.compile(r"zoom=\d+-\d+"))
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    expect(page).not_to_have_url(re.compile("zoom="))


def test_one_error_among_twenty_thousand_is_in_sight(page: Page, seeded: Seeded) -> None:
    page.goto(f"/traces/{trace_id(seeded.batch)}?as=flame")
    expect(chart(page)).to_have_accessible_name(re.compile("^20,001 spans in"))
    page.get_by_role("button", name="Errors", exact=True).click()
    expect(page).to_have_url(re.compile("errors=1"))
    page.keyboard.press("n")
    expect(panel(page)).to_contain_text("NaN in the logits")
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)
    soon(page, lambda: red(page), lambda pixels: pixels >= 3 * 18 - 10)
    shoot(page, "flame-20000")


def red(page: Page) -> int:
    """Return how many pixels of the chart are as red as an error."""
    count = chart(page).evaluate(
        """canvas => {
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let count = 0;
            for (let at = 0; at < data.length; at += 4)
                if (data[at] > 200 && data[at + 1] < 140 && data[at + 2] < 140) count += 1;
            return count;
        }"""
    )
    return int(count)


def test_the_wheel_zooms_where_the_pointer_is(page: Page, seeded: Seeded) -> None:
    page.goto(f"/traces/{trace_id(seeded.chat)}?as=flame")
    expect(chart(page)).to_be_visible()
    x, y = at(page, 0.5, 1)
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    expect(page.get_by_text("2.32 s", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("zoom="))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_canvas_follows_the_theme(
    page: Page, seeded: Seeded, complaints: list[str], scheme: str
) -> None:
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    page.goto(f"/traces/{trace_id(seeded.chat)}?as=flame&why=path")
    expect(chart(page)).to_be_visible()
    before = soon(page, lambda: color(page, *at(page, 0.5, 3)), any)
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    soon(page, lambda: color(page, *at(page, 0.5, 3)), lambda after: after != before)
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert at_rest(page).evaluate(SERIOUS) == []
    shoot(page, f"flame-path-{scheme}")
    page.set_viewport_size({"width": 390, "height": 844})
    at_rest(page)
    shoot(page, f"flame-path-{scheme}-phone")
    # The test has read the canvas twice, which the page never does.
    complaints[:] = [each for each in complaints if "willReadFrequently" not in each]
