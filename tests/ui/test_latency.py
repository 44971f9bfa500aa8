from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ui.conftest import listen, shoot
from tests.ui.seeding import Seeder
from tests.ui.serving import Server, serve
from tests.ui.test_appearance import is_whole
from tests.ui.waiting import at_rest

SLOW_MS, FAST_MS = 4_200.0, 320.0
WHOLE_PAGE = {"width": 1440, "height": 900}


def seed_requests(http: str) -> None:
    """Fill half an hour: every sixth request is slow, ran on another GPU and in a larger batch."""
    seeder = Seeder(http)
    for number in range(600):
        slow = number % 6 == 0
        ms = (SLOW_MS if slow else FAST_MS) * (1 + number % 7 / 20)
        root = seeder.span("POST /v1/chat", -1_750_000 + number * 2_900, ms, service="front")
        seeder.span(
            "generate", -1_749_990 + number * 2_900, ms - 20, parent=root, service="model",
            error=ValueError("too long") if number % 60 == 0 else None,
            axonize__batch_size=64 if slow else 4, app__tier=("free", "pro")[number % 2],
            gpu__0__resource_uuid="GPU-slow" if slow else "GPU-fast", gpu__0__label="cuda:0",
        )  # fmt: skip
    seeder.send()


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: what is in its heatmap is known."""
    with serve(tmp_path_factory.mktemp("latency")) as server:
        seed_requests(server.http)
        yield server


@pytest.fixture
def page(browser: Browser, requests: Server, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(
        viewport=WHOLE_PAGE, base_url=requests.http, color_scheme="dark", timezone_id="UTC"
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    listen(page, complaints)
    yield page
    context.close()
    assert complaints == []


def heatmap(page: Page) -> Locator:
    return page.get_by_role("application", name=re.compile("Latency"))


def drag(page: Page, left: float, top: float, right: float, bottom: float) -> None:
    """Drag over the heatmap; fractions of its width and height."""
    box = heatmap(at_rest(page)).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + left * box["width"], box["y"] + top * box["height"])
    page.mouse.down()
    for part in (0.5, 1):
        x, y = left + (right - left) * part, top + (bottom - top) * part
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.mouse.up()


def open_slow(page: Page) -> Locator:
    """Open the list and choose the upper third of the heatmap; return what differs."""
    page.goto("/traces")
    expect(page.locator("tr[data-trace]").first).to_be_visible()
    expect(page.get_by_text("Drag over requests")).to_be_visible()
    drag(page, 0.01, 0.01, 0.99, 0.34)
    return page.get_by_role("complementary", name="What differs")


def row(panel: Locator, text: str) -> Locator:
    """Return the difference that says this, however it is laid out."""
    return panel.get_by_role("button", name=re.compile(text.replace(" ", r"\s*")))


def test_a_box_lists_its_requests_and_tells_what_they_have_in_common(page: Page) -> None:
    panel = open_slow(page)
    expect(panel).to_contain_text("100 in the box, 500 outside")
    expect(page.locator("footer")).to_contain_text("100 traces")
    expect(page).to_have_url(re.compile("box="))
    for text in ("axonize.batch_size 64 . 128", "gpu GPU-slow"):
        expect(row(panel, f"{text} 100 % in the box 0 % outside")).to_be_visible()
    expect(row(panel, "app.tier pro 0 % in the box")).to_be_visible()
    shoot(page, "latency-box-dark")

    page.reload()
    expect(panel).to_contain_text("100 in the box, 500 outside")
    row(panel, "gpu GPU-slow").click()
    expect(page).to_have_url(re.compile("gpu=GPU-slow"))
    expect(panel).to_contain_text("There are no requests outside of the box")
    page.go_back()
    expect(panel).to_contain_text("100 in the box, 500 outside")
    row(panel, "axonize.batch_size 64").click()
    expect(page.get_by_label("Filter traces")).to_have_value(
        "axonize.batch_size>=64 axonize.batch_size<128"
    )


def test_a_box_becomes_the_range_or_goes_away(page: Page) -> None:
    panel = open_slow(page)
    panel.get_by_role("button", name="Zoom to the box").click()
    expect(page).to_have_url(re.compile(r"from=.*to=.*min=.*max="))
    expect(page.locator("footer")).to_contain_text("100 traces")
    expect(panel).to_be_hidden()
    page.go_back()
    page.get_by_role("button", name=re.compile("Remove the filter")).click()
    expect(page.locator("footer")).to_contain_text("100 traces loaded")
    expect(page).to_have_url(re.compile("/traces$"))


def test_the_strip_narrows_the_range(page: Page) -> None:
    page.goto("/traces")
    expect(page.get_by_text("Drag over requests")).to_be_visible()
    strip = at_rest(page).get_by_role("img", name=re.compile("Requests per")).bounding_box()
    assert strip is not None
    page.mouse.move(strip["x"] + strip["width"] * 0.6, strip["y"] + 10)
    page.mouse.down()
    page.mouse.move(strip["x"] + strip["width"] * 0.8, strip["y"] + 10, steps=3)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from=.*to="))
    first, last = (
        datetime.fromisoformat(stamp.replace("Z", "+00:00"))
        for stamp in re.findall(r"(?:from|to)=([^&]+)", page.url)
    )
    assert 600 < (last - first).total_seconds() < 840
    page.go_back()
    expect(page).to_have_url(re.compile("/traces$"))


def test_the_keyboard_chooses_a_box_too(page: Page) -> None:
    page.goto("/traces")
    expect(page.get_by_text("Drag over requests")).to_be_visible()
    heatmap(page).focus()
    for key in ("ArrowUp", "Shift+ArrowRight", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile("box="))
    expect(page.get_by_role("complementary", name="What differs")).to_be_visible()
    at_rest(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/traces$"))
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Hide the charts").click()
    expect(heatmap(page)).to_be_hidden()
    expect(page).to_have_url(re.compile("charts=off"))


def test_filters_are_text_and_buttons_at_once(page: Page) -> None:
    page.goto("/traces")
    field = page.get_by_label("Filter traces")
    field.fill("service:model status:error duration>2s app.tier=free generate")
    expect(page).to_have_url(re.compile("service=model.*filter=app.tier:free"))
    expect(page.locator("footer")).to_contain_text("10 traces")
    expect(page.get_by_role("button", name="Remove the filter app.tier:free")).to_be_visible()
    expect(page.get_by_text("Duration ≥ 2.00 s")).to_be_visible()
    field.blur()
    written = "service:model status:error duration>=2s app.tier:free generate"
    expect(field).to_have_value(written)
    page.get_by_role("button", name="All", exact=True).click()
    expect(field).to_have_value(written.replace("status:error ", ""))
    page.reload()
    expect(field).to_have_value(written.replace("status:error ", ""))
    page.get_by_role("button", name="Clear all filters").click()
    expect(page).to_have_url(re.compile("/traces$"))


def test_a_fault_in_a_text_is_said_with_its_place_and_hides_nothing(page: Page) -> None:
    page.goto("/traces")
    expect(page.locator("tr[data-trace]").first).to_be_visible()
    page.get_by_label("Filter traces").fill("service:model duration>fast")
    fault = page.get_by_text("Character 24: expected a number with a unit such as 250ms")
    expect(fault).to_be_visible()
    shoot(page, "traces-filter-fault")
    expect(at_rest(page)).to_have_url(re.compile("/traces$"))
    page.get_by_label("Filter traces").fill("service:model duration>4s")
    expect(fault).to_be_hidden()
    expect(page).to_have_url(re.compile("min=4000"))


def test_columns_are_chosen_and_kept_in_the_address(page: Page) -> None:
    page.goto("/traces")
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Trace id", exact=True).check()
    page.get_by_label("Model", exact=True).uncheck()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("columns=start,trace,service"))
    page.reload()
    expect(page.get_by_role("columnheader", name="Trace id")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Model")).to_be_hidden()


def test_an_empty_list_names_each_filter_and_takes_it_away(page: Page) -> None:
    page.goto("/traces?service=model&filter=app.tier:none")
    filters = page.get_by_role("list", name="Filters")
    expect(filters.get_by_role("button")).to_have_text(["service: model", "app.tier:none"])
    filters.get_by_role("button", name="Without app.tier:none").click()
    expect(page.locator("tr[data-trace]").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?service=model$"))


def test_the_list_with_a_box_is_whole_everywhere(page: Page) -> None:
    panel = open_slow(page)
    expect(panel).to_contain_text("100 in the box")
    is_whole(page, "latency")
    listed = page.locator("[data-scroll-restoration-id=traces]")
    listed.scroll_into_view_if_needed()
    expect(listed).to_be_in_viewport(ratio=1)
    box = listed.bounding_box()
    assert box is not None
    assert box["height"] >= 250, "a phone has room for the list"
