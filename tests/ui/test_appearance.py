from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.ui.conftest import ROOT, shoot
from tests.ui.seeding import Seeded, span_id, trace_id

AXE = ROOT / "ui/node_modules/axe-core/axe.min.js"

# Violations that stop someone: what axe calls serious or critical.
SERIOUS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter(found => ["serious", "critical"].includes(found.impact))
    .map(found => `${found.id}: ${found.nodes.map(node => node.html).join(" ")}`)"""


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.fixture(params=["traces", "trace", "span", "nothing found", "shortcuts"])
def opened(request: pytest.FixtureRequest, page: Page, seeded: Seeded) -> Page:
    """A page in one of its states."""
    chat = f"/traces/{trace_id(seeded.chat)}"
    addresses = {
        "trace": chat,
        "span": f"{chat}?span={span_id(seeded.generate)}",
        "nothing found": "/traces?q=nothing-is-called-so",
    }
    page.goto(addresses.get(request.param, "/traces"))
    if request.param == "shortcuts":
        expect(page.locator("tr[data-trace]").first).to_be_visible()
        page.keyboard.press("?")
    awaited = {
        "trace": page.get_by_role("treeitem").first,
        "span": page.get_by_text("gen_ai.usage.output_tokens"),
        "nothing found": page.get_by_role("heading", name="No traces here"),
        "shortcuts": page.get_by_role("dialog", name="Keyboard shortcuts"),
    }
    expect(awaited.get(request.param, page.locator("tr[data-trace]").first)).to_be_visible()
    page.wait_for_timeout(300)  # colours that fade in would be measured half-way
    return page


def test_nothing_bars_the_way_of_anyone(opened: Page) -> None:
    opened.evaluate(AXE.read_text(encoding="utf-8"))
    assert opened.evaluate(SERIOUS) == []
    opened.emulate_media(color_scheme="light")
    opened.wait_for_timeout(300)
    assert opened.evaluate(SERIOUS) == []


# Colours that fade in would be measured half-way; what goes round and round has no end.
SETTLED = """async () => await Promise.allSettled(document.getAnimations()
    .filter(each => each.effect.getComputedTiming().endTime !== Infinity)
    .map(each => each.finished))"""

BEYOND = """width => [...document.querySelectorAll("button, a, input, h1, th")]
    .filter(element => element.offsetParent && element.getBoundingClientRect().right > width)
    .map(element => element.outerHTML)"""


def is_whole(page: Page, name: str) -> None:
    """Check an open page in both themes and at every width, and keep a picture of each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for width, height in ((1440, 900), (800, 720), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme="light" if theme == "light" else "dark")
            page.wait_for_timeout(300)
            page.evaluate(SETTLED)
            assert page.evaluate(SERIOUS) == []
            shoot(page, f"{name}-{theme}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(BEYOND, width) == []


def test_nothing_is_cut_off(opened: Page) -> None:
    for width in (1440, 1280, 800):
        opened.set_viewport_size({"width": width, "height": 720})
        opened.wait_for_timeout(100)
        assert opened.evaluate("document.documentElement.scrollWidth") == width
        assert opened.evaluate(BEYOND, width) == []


def test_the_theme_follows_the_system_until_someone_chooses(page: Page, seeded: Seeded) -> None:
    page.goto("/traces")
    dark = background(page)
    page.emulate_media(color_scheme="light")
    light = background(page)
    assert dark != light
    page.get_by_role("button", name="Theme: as the system").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert background(page) == dark
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert background(page) == dark


def test_pictures_of_both_pages_in_light(context: BrowserContext, seeded: Seeded) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme="light")
    page.goto("/traces?sort=-duration")
    expect(page.locator("tr[data-trace]").first).to_contain_text("batch inference job")
    shoot(page, "traces-light")
    page.goto(f"/traces/{trace_id(seeded.chat)}?span={span_id(seeded.prefill)}")
    expect(page.get_by_role("complementary")).to_contain_text("Resource")
    shoot(page, "trace-light")
