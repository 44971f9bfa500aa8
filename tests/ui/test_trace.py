from __future__ import annotations

import json
import re

import pytest
from opentelemetry.sdk.trace import Span
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import shoot
from tests.ui.seeding import Seeded, Seeder, span_id, trace_id
from tests.ui.serving import Server
from tests.ui.waiting import at_rest, soon


def address(span: Span, search: str = "") -> str:
    return f"/traces/{trace_id(span)}{search}"


def item(page: Page, span: Span) -> Locator:
    return page.locator(f'[data-span="{span_id(span)}"]')


def names(page: Page) -> list[str]:
    """The spans in sight with their levels, from top to bottom, once they stay."""
    found = (
        at_rest(page)
        .get_by_role("treeitem")
        .evaluate_all(
            """items => items
            .filter(item => item.getBoundingClientRect().top < innerHeight)
            .map(item => [item.getBoundingClientRect().top, item])
            .sort((one, other) => one[0] - other[0])
            .map(([, item]) => `${item.ariaLevel} ${item.querySelector("span[title]").title}`)"""
        )
    )
    return [str(name) for name in found]


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Selected span")


def test_the_tree_and_the_bars_tell_the_trace(page: Page, seeded: Seeded) -> None:
    page.goto(address(seeded.chat))
    expect(page.get_by_role("heading", name="POST /v1/chat/completions")).to_be_visible()
    assert names(page)[:11] == [
        "1 POST /v1/chat/completions",
        "2 authenticate",
        "2 retrieve context",
        "3 vector search",
        "2 engine.request",
        "3 queue",
        "3 generate",
        "4 prefill",
        "5 flash_fwd_kernel",
        "4 decode",
        "5 step 0",
    ]
    expect(item(page, seeded.generate)).to_contain_text("TTFT 386 ms")
    expect(item(page, seeded.kernel)).to_contain_text("44.7 µs")
    expect(page.get_by_text("Tokens in / out")).to_be_visible()
    shoot(page, "trace-dark")


def test_a_selected_span_shows_everything_about_it(page: Page, seeded: Seeded) -> None:
    page.goto(address(seeded.chat))
    item(page, seeded.generate).click()
    shown = panel(page)
    expect(shown.get_by_role("heading", name="generate")).to_be_visible()
    for text in (
        "CUDA out of memory. Tried to allocate 2.50 GiB",
        "gen_ai.usage.output_tokens",
        "cuda:0",
        "9007199254740993",
        "gpu-node-07",
        "MemoryError",
        "tests.ui",
    ):
        expect(shown.get_by_text(text, exact=False).first).to_be_visible()
    titles = shown.get_by_role("heading", level=3).all_inner_texts()
    assert [re.sub(r"\s*\d+$", "", title) for title in titles] == [
        "Events",
        "GenAI",
        "Axonize",
        "GPU",
        "Other",
        "Resource",
        "Scope",
    ]
    shown.get_by_role("searchbox", name="Filter attributes").fill("ttft")
    expect(shown.get_by_text("axonize.ttft_ms")).to_be_visible()
    expect(shown.get_by_text("gen_ai.usage.output_tokens")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(shown.get_by_text("gen_ai.usage.output_tokens")).to_be_visible()
    shoot(page, "trace-span")


def test_a_trace_can_be_taken_away(page: Page, seeded: Seeded) -> None:
    page.goto(address(seeded.chat))
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download as OTLP/JSON").click()
    assert coming.value.suggested_filename == f"{trace_id(seeded.chat)}.json"
    request = json.loads(coming.value.path().read_bytes())
    scopes = [scope for each in request["resourceSpans"] for scope in each["scopeSpans"]]
    spans = {span["spanId"] for scope in scopes for span in scope["spans"]}
    assert {span_id(seeded.generate), span_id(seeded.kernel)} < spans


def ticks_of(page: Page) -> list[str]:
    """Return what the axis says where it shows the kernel."""
    return page.get_by_text(re.compile(r"^80\.\d+ ms$")).all_inner_texts()


def test_a_link_restores_selection_zoom_and_search(page: Page, seeded: Seeded) -> None:
    page.goto(address(seeded.chat))
    item(page, seeded.kernel).click()
    page.keyboard.press("f")
    page.get_by_role("searchbox", name="Search spans").fill("kernel")
    expect(page).to_have_url(re.compile(r"zoom=\d+-\d+.*q=kernel"))
    expect(page.get_by_text("1 of 1")).to_be_visible()
    ticks = soon(page, lambda: at_rest(page) and ticks_of(page), bool)

    page.reload()
    expect(panel(page).get_by_role("heading", name="flash_fwd_kernel")).to_be_visible()
    soon(page, lambda: ticks_of(page), lambda again: again == ticks)
    expect(page.get_by_role("searchbox", name="Search spans")).to_have_value("kernel")
    at_rest(page)
    bar = item(page, seeded.kernel).locator("[style*='background-color']").last.bounding_box()
    assert bar is not None
    assert bar["width"] > 200  # 44.7 µs of 5.6 s fill most of the axis
    page.keyboard.press("0")
    expect(page).not_to_have_url(re.compile("zoom="))


def test_folding_is_kept_in_the_address(page: Page, seeded: Seeded) -> None:
    page.goto(address(seeded.chat))
    item(page, seeded.generate).get_by_title("Collapse").click()
    expect(page).to_have_url(re.compile("fold="))
    page.reload()
    expect(item(page, seeded.generate)).to_have_attribute("aria-expanded", "false")
    assert names(page)[-1] == "3 generate"
    page.get_by_role("button", name="Expand all").click()
    expect(item(page, seeded.prefill)).to_be_visible()
    page.get_by_role("button", name="Collapse all").click()
    expect(page.get_by_role("treeitem")).to_have_count(4)


def test_the_keyboard_walks_the_tree(page: Page, seeded: Seeded) -> None:
    page.goto(address(seeded.chat))
    expect(item(page, seeded.chat)).to_be_visible()
    for key in ("ArrowDown", "ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(panel(page).get_by_role("heading", name="vector search")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(panel(page).get_by_role("heading", name="retrieve context")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("vector search")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)


def test_matches_are_stepped_through_and_shown_alone(page: Page, seeded: Seeded) -> None:
    page.goto(address(seeded.chat))
    expect(item(page, seeded.chat)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("step 1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 11")).to_be_visible()
    page.keyboard.press("Enter")
    expect(panel(page).get_by_role("heading", name="step 10")).to_be_visible()
    page.get_by_role("button", name="Matches only").click()
    expect(page.get_by_role("treeitem")).to_have_count(15)
    assert names(page) == [
        "1 POST /v1/chat/completions",
        "2 engine.request",
        "3 generate",
        "4 decode",
        "5 step 1",
        *(f"5 step {number}" for number in range(10, 20)),
    ]


def test_the_count_of_errors_leads_to_them(page: Page, seeded: Seeded) -> None:
    page.goto(address(seeded.chat))
    page.get_by_role("definition").get_by_role("button", name="1", exact=True).click()
    expect(panel(page).get_by_role("heading", name="generate")).to_be_visible()
    expect(page).to_have_url(re.compile("errors=1"))


def test_a_span_link_leads_to_the_other_trace(page: Page, seeded: Seeded) -> None:
    page.goto(address(seeded.chat, f"?span={span_id(seeded.chat)}"))
    panel(page).get_by_role("link", name=trace_id(seeded.earlier)).click()
    expect(page.get_by_role("heading", name="warm up", level=1)).to_be_visible()
    expect(panel(page).get_by_role("heading", name="warm up")).to_be_visible()


def test_dragging_the_minimap_and_the_wheel_zoom(page: Page, seeded: Seeded) -> None:
    page.goto(address(seeded.chat))
    expect(page.get_by_role("treeitem").first).to_be_visible()
    box = at_rest(page).get_by_title("Drag to zoom").bounding_box()
    assert box is not None
    x, y = box["x"], box["y"] + box["height"] / 2
    page.mouse.move(x + box["width"] * 0.25, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] * 0.75, y, steps=5)
    page.mouse.up()
    expect(page.get_by_text("2.80 s", exact=True)).to_be_visible()
    page.mouse.move(x + box["width"] / 2, box["y"] + 300)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    expect(page.get_by_text("1.16 s", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("zoom="))


def test_a_trace_that_is_not_stored(page: Page, complaints: list[str], seeded: Seeded) -> None:
    page.goto("/traces/" + "ab" * 16)
    expect(page.get_by_text("This trace is not here")).to_be_visible()
    page.get_by_role("link", name="Back to the traces").click()
    expect(page.locator("tr[data-trace]").first).to_be_visible()
    assert complaints
    assert all("404" in complaint for complaint in complaints)
    complaints.clear()


@pytest.mark.parametrize("where", ["middle", "end"])
def test_twenty_thousand_spans_open_and_scroll(page: Page, seeded: Seeded, where: str) -> None:
    page.goto(address(seeded.batch))
    expect(page.get_by_text("20,001")).to_be_visible()
    assert page.get_by_role("treeitem").count() < 80  # the others are not in the document
    chart = at_rest(page).get_by_test_id("timeline")
    share = {"middle": 0.5, "end": 1.0}[where]
    chart.evaluate("(chart, share) => chart.scrollTo(0, chart.scrollHeight * share)", share)
    expected = {"middle": "step 250.10", "end": "step 499.38"}[where]
    expect(page.get_by_role("treeitem").filter(has_text=expected)).to_be_in_viewport()
    shoot(page, f"trace-20000-{where}")


def test_the_one_error_among_twenty_thousand_is_found(page: Page, seeded: Seeded) -> None:
    page.goto(address(seeded.batch))
    page.get_by_role("button", name="Errors", exact=True).click()
    expect(page).to_have_url(re.compile("errors=1"))
    page.keyboard.press("n")
    expect(item(page, seeded.batch_error)).to_be_in_viewport()
    expect(panel(page)).to_contain_text("NaN in the logits")


@pytest.mark.usefixtures("seeded")
def test_a_trace_is_deleted_after_a_question(page: Page, server: Server) -> None:
    seeder = Seeder(server.http)
    doomed = seeder.span("to be deleted", 0, 5)
    seeder.send()
    page.goto("/traces?q=to+be+deleted")
    page.get_by_role("link", name="to be deleted").click()
    page.get_by_role("button", name="Delete this trace").click()
    question = page.get_by_role("dialog", name="Delete this trace")
    expect(question).to_contain_text("to be deleted with 1 span")
    shoot(page, "trace-delete-dark")
    question.get_by_role("button", name="Keep it").click()
    expect(page.locator(f'[data-span="{span_id(doomed)}"]')).to_be_visible()
    page.get_by_role("button", name="Delete this trace").click()
    question.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("Deleted: to be deleted, 1 span")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/traces\?q=to"))
    expect(page.get_by_text("none matches these filters")).to_be_visible()
    shoot(page, "traces-deleted-dark")


def test_the_page_asks_for_its_trace_once_and_before_its_scripts_ran(
    page: Page, seeded: Seeded
) -> None:
    page.goto(address(seeded.batch))
    expect(page.get_by_role("treeitem").first).to_be_visible()
    asked = page.evaluate(
        """() => performance.getEntriesByType("resource")
            .filter(each => each.name.endsWith("/columns"))
            .map(each => each.initiatorType)"""
    )
    assert asked == ["link"]


def test_a_phone_has_room_for_the_chart_and_for_a_span(page: Page, seeded: Seeded) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/traces/{trace_id(seeded.chat)}")
    expect(page.get_by_role("treeitem").first).to_be_visible()
    toolbar = page.get_by_role("toolbar", name="Chart").bounding_box()
    assert toolbar is not None
    assert toolbar["height"] < 90  # two rows
    expect(page.get_by_role("button", name="Next match")).to_be_hidden()
    page.get_by_role("treeitem").first.click()
    panel = page.get_by_role("complementary", name="Selected span")
    expect(panel.get_by_text("Own time")).to_be_visible()
    at_rest(page)  # it may slide in
    box = panel.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    panel.get_by_role("button", name="Close").click()
    page.get_by_label("Search spans").fill("step")
    expect(page.get_by_role("button", name="Next match")).to_be_visible()
