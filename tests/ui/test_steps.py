from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import shoot
from tests.ui.engine import Request, Ridden, seed_steps
from tests.ui.seeding import Seeded, span_id, trace_id
from tests.ui.serving import Server
from tests.ui.test_appearance import AXE, SERIOUS
from tests.ui.waiting import at_rest


@pytest.fixture(scope="module")
def ridden(server: Server) -> Ridden:
    return seed_steps(server.http)


def address(request: Request) -> str:
    return f"/traces/{trace_id(request.span)}"


def strips(page: Page) -> Locator:
    return page.get_by_test_id("steps")


def lane(page: Page) -> Locator:
    return page.get_by_role("slider", name="Engine steps")


def point(page: Page, share: float) -> tuple[float, float]:
    """Return where a moment of the axis lies in the lane that stays; the whole axis is 1."""
    at_rest(page)
    box = lane(page).bounding_box()
    assert box is not None
    return box["x"] + share * box["width"], box["y"] + box["height"] - 12


def open_chat(page: Page, ridden: Ridden) -> None:
    page.goto(address(ridden.chat))
    expect(strips(page)).to_have_count(1)
    at_rest(page)  # what is above the lane would push it down later


def test_a_strip_under_the_decode_bar_sums_up_its_steps(page: Page, ridden: Ridden) -> None:
    open_chat(page, ridden)
    expect(strips(page)).to_have_text(
        "preempted once · 113 steps · batch 2\u20137 · 31 % of its step time shared with prefill"
        " · mates: 7 requests"
    )
    decode = page.get_by_role("treeitem").filter(has_text="decode").bounding_box()
    strip = strips(page).bounding_box()
    assert decode is not None
    assert strip is not None
    assert strip["y"] == decode["y"] + decode["height"]
    following = page.get_by_role("treeitem").filter(has_text="delivery").bounding_box()
    assert following is not None
    assert following["y"] == strip["y"] + strip["height"]
    shoot(page, "steps-dark")


def test_pointing_at_a_step_tells_who_was_in_it(page: Page, ridden: Ridden) -> None:
    open_chat(page, ridden)
    page.mouse.move(*point(page, 650 / 1769))
    tip = page.locator("[data-side]").filter(has_text="Step 57")
    expect(tip).to_contain_text("130 ms")
    expect(tip).to_contain_text("1 of 8,192")
    expect(tip).to_contain_text(">99 %")
    expect(tip).to_contain_text("37 %")
    assert tip.get_by_role("listitem").all_inner_texts() == [
        "chatcmpl-7d…41f2ab\nthis request\n1",
        "cmpl-2f6b8e…7d90cc\nprefill\n8,188",
        "chatcmpl-mate-0\n1",
        "chatcmpl-mate-1\n1",
        "chatcmpl-mate-2\n1",
    ]
    shoot(page, "steps-tooltip-dark")
    page.mouse.move(5, 5)
    expect(tip).to_have_count(0)


def test_the_flame_chart_has_the_steps_on_its_axis(page: Page, ridden: Ridden) -> None:
    page.goto(f"{address(ridden.chat)}?as=flame")
    expect(strips(page)).to_contain_text("113 steps · batch 2\u20137")
    at_rest(page)
    chart = page.get_by_role("img", name=re.compile("spans in")).bounding_box()
    steps = lane(page).bounding_box()
    assert chart is not None
    assert steps is not None
    assert (steps["x"], steps["width"]) == (chart["x"], chart["width"])
    shoot(page, "flame-steps-dark")
    page.mouse.move(*point(page, 650 / 1769))
    expect(page.locator("[data-side]").filter(has_text="Step 57")).to_contain_text("130 ms")
    strips(page).get_by_role("button").first.click()
    expect(page.get_by_role("complementary", name="Selected span")).to_be_visible()
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="light")
    at_rest(page)
    shoot(page, "flame-steps-light-phone")


def test_a_click_opens_the_way_to_a_mate(page: Page, ridden: Ridden) -> None:
    open_chat(page, ridden)
    page.mouse.click(*point(page, 650 / 1769))
    card = page.get_by_role("dialog", name="Step 57")
    shoot(page, "steps-popover-dark")
    card.get_by_role("link", name="cmpl-2f6b8e…7d90cc").click()
    expect(page).to_have_url(
        re.compile(f"{trace_id(ridden.document.span)}.*{span_id(ridden.document.span)}")
    )
    expect(page.locator(f'[data-span="{span_id(ridden.document.span)}"]')).to_have_attribute(
        "aria-selected", "true"
    )
    expect(strips(page)).to_contain_text("mates: 7 requests")


def test_the_keyboard_walks_the_steps(page: Page, ridden: Ridden) -> None:
    open_chat(page, ridden)
    page.get_by_role("tree").focus()
    page.keyboard.press("Tab")
    expect(lane(page)).to_be_focused()
    expect(lane(page)).to_have_attribute("aria-valuetext", "Step 1, 80.0 ms, batch of 3 requests")
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowRight")
    expect(lane(page)).to_have_attribute("aria-valuetext", re.compile("^Step 12,"))
    expect(page.locator("[data-side]").filter(has_text="Step 12")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Step 12").get_by_role("link").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Step 12")).to_have_count(0)
    expect(lane(page)).to_be_focused()


def test_a_preempted_step_says_so(page: Page, ridden: Ridden) -> None:
    open_chat(page, ridden)
    page.mouse.move(*point(page, (10 + 80 + 55 * 9 + 4 * 130 + 3) / 1769))
    tip = page.locator("[data-side]").filter(has_text="Step 61")
    expect(tip).to_contain_text("Preempted for this step")
    expect(tip).to_contain_text("0 of 7")


def test_steps_are_walked_where_the_axis_is_zoomed(page: Page, ridden: Ridden) -> None:
    page.goto(address(ridden.chat) + "?zoom=200000000-300000000")
    lane(page).focus()
    page.keyboard.press("End")
    expect(lane(page)).to_have_attribute("aria-valuetext", re.compile("^Step 124,"))
    begin = ridden.chat.span.start_time or 0

    def at_the_end(url: str) -> bool:
        edges = [int(edge) - begin for edge in re.findall(r"\d{19}", url)]
        return len(edges) == 2 and all(1_600_000_000 < edge < 1_800_000_000 for edge in edges)

    page.wait_for_url(at_the_end)


def test_every_answer_of_a_request_has_its_own_strip(page: Page, ridden: Ridden) -> None:
    page.goto(address(ridden.choices[0]))
    expect(strips(page)).to_have_text(
        [
            re.compile("^preempted once · 20 steps · batch 1\u20132 .*mates: 1 request$"),
            re.compile("^preempted once · 19 steps · batch 2 .*mates: 1 request$"),
        ]
    )
    at_rest(page)
    lane(page).first.click(position={"x": 120, "y": 40})
    card = page.get_by_role("dialog")
    card.get_by_role("button", name="1_cmpl-two").click()
    expect(page).to_have_url(re.compile(f"span={span_id(ridden.choices[1].span)}"))


def test_thousands_of_steps_over_two_pages(page: Page, ridden: Ridden) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address(ridden.long))
    expect(strips(page)).to_contain_text("preempted once · 5,199 steps · batch 1 · no mates")
    assert len([url for url in asked if "/steps?" in url]) == 2
    assert strips(page).locator("*").count() < 40  # cells are drawn, not in the document
    shoot(page, "steps-5200-dark")


def test_a_trace_without_steps_shows_and_asks_for_nothing_more(page: Page, seeded: Seeded) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/traces/{trace_id(seeded.chat)}")
    expect(page.get_by_role("treeitem").first).to_be_visible()
    at_rest(page)
    assert len([url for url in asked if "/steps" in url]) == 1  # it has an engine.request
    expect(strips(page)).to_have_count(0)
    asked.clear()
    page.goto(f"/traces/{trace_id(seeded.earlier)}")
    expect(page.get_by_role("treeitem").first).to_be_visible()
    at_rest(page)
    assert [url for url in asked if "/steps" in url] == []


def test_steps_that_cannot_be_read_say_so_in_their_place(
    page: Page, ridden: Ridden, complaints: list[str]
) -> None:
    problem = {"title": "The query took too long", "detail": "Ask again later.", "status": 504}
    refused = json.dumps({**problem, "type": "about:blank"})
    page.route("**/steps?*", lambda route: route.fulfill(status=500, body=refused, headers=JSON))
    page.goto(address(ridden.chat))
    notice = page.get_by_test_id("steps-unread")
    expect(notice.get_by_role("alert")).to_contain_text("The query took too long. Ask again later.")
    at_rest(page)
    decode = page.get_by_role("treeitem").filter(has_text="decode").bounding_box()
    box = notice.bounding_box()
    assert decode is not None
    assert box is not None
    assert box["y"] == decode["y"] + decode["height"]
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(SERIOUS) == []
    shoot(page, "steps-unread-dark")
    with page.expect_response("**/steps?*"):
        notice.get_by_role("button", name="Try again").click()
    at_rest(page)
    expect(notice.get_by_role("alert")).to_contain_text("The query took too long")
    page.unroute("**/steps?*")
    notice.get_by_role("button", name="Try again").click()
    expect(strips(page)).to_have_count(1)
    expect(notice).to_have_count(0)
    assert len(complaints) == 2
    assert all("status of 500" in complaint for complaint in complaints)
    complaints.clear()


JSON = {"content-type": "application/problem+json"}


def test_the_strip_bars_the_way_of_nobody(page: Page, ridden: Ridden) -> None:
    open_chat(page, ridden)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(SERIOUS) == []
    page.mouse.click(*point(page, 650 / 1769))
    expect(page.get_by_role("dialog")).to_be_visible()
    assert at_rest(page).evaluate(SERIOUS) == []
    page.emulate_media(color_scheme="light")
    assert at_rest(page).evaluate(SERIOUS) == []
    shoot(page, "steps-popover-light")


@pytest.mark.parametrize("width", [1280, 800])
def test_the_strip_fits_narrow_windows(page: Page, ridden: Ridden, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 720})
    page.emulate_media(color_scheme="light")
    open_chat(page, ridden)
    page.mouse.move(*point(page, 650 / 1769))
    tip = page.locator("[data-side]").filter(has_text="Step 57")
    expect(tip).to_be_visible()
    at_rest(page)
    box = tip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") == width
    shoot(page, f"steps-light-{width}")
