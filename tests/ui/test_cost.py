from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.ui.conftest import shoot
from tests.ui.costs import CARDS, SMALL, seed_costs
from tests.ui.serving import Server, serve
from tests.ui.test_appearance import is_whole


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: other tests' engines would cost something too."""
    with serve(tmp_path_factory.mktemp("cost")) as server:
        seed_costs(server.http)
        yield server


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def words(element: Locator) -> str:
    return re.sub(r"\s+", " ", element.inner_text())


def figure(page: Page, label: str) -> Locator:
    term = page.locator("dt").get_by_text(label, exact=True)
    return page.locator("dl > div").filter(has=term)


def test_costs_by_model_with_what_was_idle(page: Page) -> None:
    page.goto("/cost")
    expect(row(page, "Llama-3.1-8B-Instruct")).to_be_visible()
    names = [words(each).split(" ")[0] for each in page.get_by_role("rowheader").all()]
    assert names == ["Llama-3.1-8B-Instruct", "Qwen3-1.7B", "whisper"]
    # 60 minutes or so of 120 GPU-seconds, 100 of them busy; some are past when it is asked late.
    llama = words(row(page, "Llama-3.1-8B-Instruct"))
    assert re.search(r"17 % idle \$[89]\.\d\d \$1\.\d\d (1\.[789]|2) h", llama), llama
    expect(page.get_by_text(re.compile("^Of all: 98 % of the time has a price"))).to_be_visible()
    expect(figure(page, "Cost per 1M tokens")).to_have_text("Cost per 1M tokens\u2013")
    expect(figure(page, "Energy")).to_contain_text("kWh")
    expect(figure(page, "GPU time")).to_contain_text("% idle")
    expect(figure(page, "Tokens")).to_contain_text(re.compile(r"\+\d\d %"))
    shoot(page, "cost-dark")
    page.emulate_media(color_scheme="light")
    shoot(page, "cost-light")


def test_what_was_split_over_calls_is_marked(page: Page, complaints: list[str]) -> None:
    page.goto("/cost")
    mark = row(page, "whisper").get_by_text("by calls", exact=True)
    expect(mark).to_be_visible()
    expect(row(page, "Qwen3-1.7B").get_by_text("by calls")).to_have_count(0)
    expect(figure(page, "GPU time")).to_contain_text(re.compile(r"\d % by calls"))
    mark.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("shared equally by the calls")
    shoot(page, "cost-by-calls-dark")
    page.goto(f"/gpus/{CARDS[3]}")
    expect(page.locator("dl").first).to_contain_text("Held by engines and calls4 min, 50 % idle")
    expect(page.locator("dl").first.get_by_text("by calls")).to_be_visible()
    expect(page.get_by_text("No metrics of this GPU are known")).to_be_visible()
    assert all("404" in each for each in complaints)
    complaints.clear()


def test_bars_are_time_where_a_gpu_has_no_price(page: Page) -> None:
    page.goto("/cost")
    bar = row(page, "whisper").get_by_role("img")
    expect(bar).to_have_attribute("aria-label", "Busy 2 min, idle 2 min")
    expect(row(page, "whisper").get_by_role("cell").first).to_have_text("\u2013")


def test_what_is_added_up_by_is_in_the_address(page: Page) -> None:
    page.goto("/cost")
    page.get_by_role("button", name="GPU", exact=True).click()
    expect(page).to_have_url(re.compile(r"/cost\?by=gpu$"))
    expect(page.get_by_role("row")).to_have_count(1 + len(CARDS))
    page.get_by_role("button", name="Service").click()
    expect(row(page, "search")).to_be_visible()
    page.get_by_role("button", name="Time range: Last hour").click()
    page.get_by_role("button", name="Last 6 hours").click()
    expect(page).to_have_url(re.compile(r"/cost\?range=6h&by=service$|/cost\?by=service&range=6h$"))
    page.reload()
    expect(row(page, "search")).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page).to_have_url(re.compile(r"/cost\?by=gpu$"))


def test_what_is_of_the_range_before_says_so(page: Page) -> None:
    held: list[Route] = []
    page.goto("/cost")
    expect(row(page, "Llama-3.1-8B-Instruct")).to_be_visible()
    page.route(re.compile("/analytics/cost"), lambda route: held.append(route))
    page.get_by_role("button", name="Time range: Last hour").click()
    page.get_by_role("button", name="Last 6 hours").click()
    stale = page.locator("[aria-busy=true]")
    expect(stale).to_have_css("opacity", "0.6")
    expect(stale.get_by_role("table")).to_be_visible()
    for each in held:
        each.continue_()
    page.unroute(re.compile("/analytics/cost"))
    expect(stale).to_have_count(0)


def test_a_row_leads_to_its_traces_and_its_gpu(page: Page) -> None:
    page.goto("/cost?range=6h")
    page.get_by_role("link", name="Qwen3-1.7B").click()
    expect(page).to_have_url(
        re.compile(rf"/traces\?range=6h&model={SMALL}$|/traces\?model={SMALL}&range=6h$")
    )
    page.keyboard.press("$")
    expect(page).to_have_url(re.compile("/cost$"))
    page.goto("/cost?by=gpu")
    link = page.get_by_role("link").and_(page.get_by_title(CARDS[0]))
    expect(link).to_have_attribute("href", f"/gpus/{CARDS[0]}")


@pytest.mark.parametrize("by", ["model", "gpu"])
def test_nothing_bars_the_way_and_nothing_is_cut_off(page: Page, by: str) -> None:
    page.goto(f"/cost?by={by}")
    expect(page.get_by_role("row")).not_to_have_count(0)
    is_whole(page, f"cost-{by}")


def test_without_engines_it_says_how_to_begin(browser: Browser, tmp_path: Path) -> None:
    with serve(tmp_path / "data") as server:
        page = browser.new_page(base_url=server.http)
        page.goto("/cost")
        heading = page.get_by_role("heading", name="No engine used a GPU in this range")
        expect(heading).to_be_visible()
        page.get_by_role("button", name="Look in the last 6 hours").click()
        expect(page).to_have_url(re.compile(r"/cost\?range=6h$"))
        page.close()
