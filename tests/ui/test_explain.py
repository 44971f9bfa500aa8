"""The explanation of a trace on its page: the verdict, what proves it, and the critical path."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.ui.conftest import shoot
from tests.ui.engine import Ridden, seed_steps
from tests.ui.seeding import Seeded, span_id, trace_id
from tests.ui.serving import Server
from tests.ui.test_appearance import AXE, SERIOUS
from tests.ui.waiting import MOVED, STILL, at_rest


@pytest.fixture(scope="module")
def ridden(server: Server) -> Ridden:
    return seed_steps(server.http)


def explanation(page: Page) -> Locator:
    return page.get_by_role("region", name="Where the time went")


def parts(page: Page) -> Locator:
    return explanation(page).get_by_role("list", name="Parts of the time").get_by_role("listitem")


def open_parts(page: Page, ridden: Ridden) -> None:
    page.goto(f"/traces/{trace_id(ridden.chat.span)}?why=parts")
    expect(parts(page).first).to_be_visible()


def test_the_verdict_comes_first_and_opens_what_proves_it(page: Page, ridden: Ridden) -> None:
    page.goto(f"/traces/{trace_id(ridden.chat.span)}")
    verdict = explanation(page).get_by_role("button")
    expect(verdict).to_contain_text(re.compile(r"520 ms in steps that also read the prompt of"))
    expect(parts(page)).to_have_count(0)
    verdict.click()
    expect(page).to_have_url(re.compile("why=parts"))
    expect(parts(page).first).to_contain_text("Decoded: 107 tokens")
    expect(parts(page).filter(has_text="32,752")).to_have_count(1)
    texts = parts(page).all_inner_texts()
    assert any("Preempted" in text and "preemptions 1" in text for text in texts)
    times = parts(page).locator("p").filter(has_text=re.compile(r"\d %$")).all_inner_texts()
    assert len(times) == len(texts)
    shares = [int(found) for time in times for found in re.findall(r"(?<!<)\b(\d+) %", time)]
    assert 95 <= sum(shares) <= 102
    shoot(page, "explain-dark")
    page.keyboard.press("w")
    expect(parts(page)).to_have_count(0)


def test_evidence_leads_to_the_span_the_step_and_the_mate(page: Page, ridden: Ridden) -> None:
    open_parts(page, ridden)
    panel = page.get_by_role("complementary", name="Selected span")
    slow = parts(page).filter(has_text="32,752")
    slow.get_by_title("Select the span").click()
    expect(panel.get_by_role("heading", name="decode")).to_be_visible()
    slow.get_by_title(re.compile("go to the slowest")).click()
    expect(page).to_have_url(re.compile(r"zoom=\d+-\d+"))
    slow.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(trace_id(ridden.document.span)))
    expect(panel.get_by_role("heading", name=re.compile("^text|^chat"))).to_be_visible()


def test_the_critical_path_is_listed_and_marked(page: Page, seeded: Seeded) -> None:
    page.goto(f"/traces/{trace_id(seeded.chat)}")
    expect(page.get_by_role("treeitem").first).to_be_visible()
    page.keyboard.press("c")
    listed = page.get_by_role("list", name="Critical path").get_by_role("listitem")
    expect(listed.first).to_contain_text("prefill")
    expect(explanation(page)).to_contain_text("5.60 s in all: the whole of POST /v1/chat")
    marked = page.locator("[data-span]").filter(has=page.locator("[data-critical]"))
    expect(marked.first).to_be_visible()
    beside = page.locator(f'[data-span="{span_id(seeded.kernel)}"]')
    expect(beside).to_be_visible()
    listed.filter(has_text="vector search").get_by_role("button").click()
    panel = page.get_by_role("complementary", name="Selected span")
    expect(panel.get_by_role("heading", name="vector search")).to_be_visible()
    expect(page).to_have_url(re.compile("why=path"))
    shoot(page, "critical-path-dark")
    page.reload()
    expect(listed.first).to_be_visible()
    expect(marked.first).to_be_visible()


def test_nothing_moves_when_the_parts_come(page: Page, ridden: Ridden) -> None:
    open_parts(page, ridden)
    assert at_rest(page).evaluate(MOVED) < STILL


PHONE: ViewportSize = {"width": 390, "height": 844}


def test_a_phone_has_room_for_the_tree_beside_the_explanation(page: Page, ridden: Ridden) -> None:
    page.set_viewport_size(PHONE)
    open_parts(page, ridden)
    timeline = page.get_by_test_id("timeline")
    timeline.scroll_into_view_if_needed()
    expect(timeline).to_be_in_viewport(ratio=1)
    box = at_rest(page).get_by_test_id("timeline").bounding_box()
    assert box is not None
    assert box["height"] >= PHONE["height"] * 0.4
    parts(page).first.get_by_title("Select the span").first.click()
    panel = page.get_by_role("complementary", name="Selected span")
    expect(panel).to_be_in_viewport(ratio=1)
    shoot(page, "explain-span-phone")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(timeline).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("why", ["parts", "path"])
def test_the_explanation_has_no_accessibility_fault(
    page: Page, ridden: Ridden, scheme: str, why: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"/traces/{trace_id(ridden.chat.span)}?why={why}")
    expect(explanation(page).get_by_role("listitem").first).to_be_visible()
    shoot(page, f"explain-{why}-{scheme}")
    page.set_viewport_size(PHONE)
    shoot(page, f"explain-{why}-{scheme}-phone")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert at_rest(page).evaluate(SERIOUS) == []
