from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import shoot
from tests.ui.engine import Engine, Request, Rider, request
from tests.ui.seeding import Seeder, span_id, trace_id
from tests.ui.serving import Server, serve
from tests.ui.test_appearance import is_whole
from tests.ui.waiting import MOVED, STILL, at_rest

ENGINE, LONG = "engine-page-0", "engine-page-1"
PREFILL_STEP = 21


@pytest.fixture(scope="module", autouse=True)
def document(server: Server) -> Request:
    """Seed an engine that a long prompt stops for a moment, and one of 2,500 steps."""
    seeder = Seeder(server.http)
    chats = [request(seeder, f"chat-{each}", 0, 900) for each in range(5)]
    document = request(seeder, "document", 200, 600)
    engine = Engine(seeder, ENGINE, 10)
    for step in range(20):
        engine.step(9, [Rider(each) for each in chats[: 1 + step // 4]])
    engine.step(130, [*map(Rider, chats), Rider(document, 4_096, 4_096)])
    engine.step(9, [*map(Rider, chats[:4]), Rider(document)], preempted=chats[4:])
    for _ in range(40):
        engine.step(9, [*map(Rider, chats), Rider(document)])
    long = Engine(seeder, LONG, 1_000)
    for _ in range(2_500):
        long.step(2, [Rider(chats[0])])
    seeder.send()
    return document


def address(engine: str, more: str = "") -> str:
    return f"/engines?engine={engine}{more}"


def test_an_engine_shows_its_steps_over_time(page: Page) -> None:
    page.goto(address(ENGINE))
    expect(page.get_by_role("img", name="Batch size: 6")).to_be_visible()
    titles = ["Batch size", "Tokens", "Duration", "KV cache", "Waiting requests", "Preemptions"]
    expect(page.locator("figcaption")).to_have_text([re.compile(f"^{each}") for each in titles])
    expect(page.get_by_role("img", name="Duration: 9.00 ms")).to_be_visible()
    expect(page.get_by_role("img", name="KV cache: 37 %")).to_be_visible()
    figures = page.locator("dl").first
    expect(figures).to_contain_text("Enginevllm 0.32.0")
    expect(figures).to_contain_text("Steps in the range62")
    expect(figures).to_contain_text("Busy100 %")
    expect(figures).to_contain_text("Median step9.00 ms")
    expect(figures).to_contain_text("Preemptions1")
    shoot(page, "engine-dark")


def test_a_step_leads_to_its_requests_and_on_to_their_traces(page: Page, document: Request) -> None:
    page.goto(address(ENGINE))
    expect(page.get_by_role("img", name="Batch size: 6")).to_be_visible()
    box = at_rest(page).get_by_test_id("plot").first.bounding_box()
    assert box is not None
    whole_ms = 61 * 9 + 130
    page.mouse.click(box["x"] + box["width"] * (20 * 9 + 60) / whole_ms, box["y"] + 40)
    expect(page).to_have_url(re.compile(f"step={PREFILL_STEP}"))
    panel = page.get_by_role("complementary", name="Selected step")
    expect(panel.get_by_role("heading", name=f"Step {PREFILL_STEP}")).to_be_visible()
    expect(panel.get_by_role("listitem")).to_have_count(6)
    expect(panel).to_contain_text("of them prefill4,096")
    shoot(page, "engine-step-dark")
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(f"step={PREFILL_STEP + 1}"))
    expect(panel).to_contain_text("Preempted for this stepchat-4")
    panel.get_by_role("link", name="document").click()
    there = rf"/traces/{trace_id(document.span)}\?span={span_id(document.span)}"
    expect(page).to_have_url(re.compile(there))
    page.go_back()
    expect(page).to_have_url(re.compile(f"step={PREFILL_STEP + 1}"))
    expect(panel).to_contain_text("Preempted for this step")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_of_many_steps_the_newest_are_shown_and_that_is_said(page: Page) -> None:
    page.goto(address(LONG))
    expect(page.get_by_text("The newest 2,000 steps of the range")).to_be_visible()
    expect(page.locator("dl").first).to_contain_text("Steps in the range2,500")
    page.keyboard.press("+")
    expect(page).to_have_url(re.compile("from=.*to="))
    expect(page.get_by_text("The newest")).to_have_count(0)


def test_another_engine_can_be_chosen_and_back_returns(page: Page) -> None:
    page.goto(address(ENGINE))
    page.get_by_role("button", name=re.compile(f"^Engine: .*{ENGINE}$")).click()
    page.get_by_role("option", name=LONG).click()
    expect(page).to_have_url(re.compile(f"engine={LONG}"))
    expect(page.get_by_text("The newest 2,000 steps")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name=re.compile(f"^Engine: .*{ENGINE}$"))).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_moves_when_the_figures_come(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(address(LONG))
    expect(page.locator("dl").first).to_contain_text("Steps in the range2,500")
    assert at_rest(page).evaluate(MOVED) < STILL


def test_nothing_bars_the_way_and_nothing_is_cut_off(page: Page) -> None:
    page.goto(address(ENGINE, f"&step={PREFILL_STEP}"))
    expect(page.get_by_text("of them prefill")).to_be_visible()
    is_whole(page, "engine-step")
    page.keyboard.press("Escape")
    is_whole(page, "engine")


def test_without_engines_it_says_how_to_start_one(browser: Browser, tmp_path: Path) -> None:
    with serve(tmp_path / "data") as server:
        page = browser.new_page(base_url=server.http)
        page.goto("/traces")
        expect(page.get_by_text("Waiting for the first trace")).to_be_visible()
        page.keyboard.press("e")
        expect(page).to_have_url(re.compile("/engines$"))
        expect(page.get_by_text("axonize-instrument vllm serve MODEL")).to_be_visible()
        shoot(page, "engines-none")
        page.close()
