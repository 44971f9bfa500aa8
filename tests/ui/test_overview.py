from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.ui.conftest import SIZE, listen, shoot
from tests.ui.engine import Engine, Request, Rider
from tests.ui.gpus import SECOND_NS, WHOLE, GpuSeeder
from tests.ui.seeding import Seeder
from tests.ui.serving import Server, serve
from tests.ui.test_appearance import is_whole
from tests.ui.waiting import at_rest, soon

REQUESTS = 90


def seed_hour(http: str) -> None:
    """Fill an hour and the one before: two models, requests on an engine, and a GPU.

    Nothing is so close to the end of its hour that it is in another one before the tests are over.
    """
    seeder = Seeder(http, start_ns=time.time_ns())
    for number in range(REQUESTS):
        _request(seeder, -2_400_000 + number * 26_000, ("small", "qwen")[number % 3 == 0], number)
    for number in range(30):
        _request(seeder, -6_000_000 + number * 20_000, "small", number)
    engine = Engine(seeder, "engine-1", -600_000)
    ridden = Request("r-1", seeder.span("warm up", -600_000, 5, service="chat-server"))
    seeder.span("cold start", -2_000_000, 18_000, service="chat-server", axonize__setup=True)
    while engine.at_ms < -60_000:
        engine.step(1_000, [Rider(ridden, 8, 6)])
    seeder.send()
    gpus = GpuSeeder(http)
    for before in range(600, 30, -10):
        now = time.time_ns() - before * SECOND_NS
        gpus.sample("node-1", WHOLE, now, hw__gpu__utilization=0.6, hw__power=540.0)
    gpus.send()


def _request(seeder: Seeder, start: float, model: str, number: int) -> None:
    root = seeder.span("POST /v1/chat", start, 900 + number, service="front")
    seeder.span(
        f"chat {model}", start + 2, 880, parent=root, service="chat-server",
        error=ValueError("too long") if number % 30 == 0 else None,
        gen_ai__operation__name="chat", gen_ai__request__model=model,
        gen_ai__usage__input_tokens=400, gen_ai__usage__output_tokens=100,
        gen_ai__usage__cache_read__input_tokens=100, axonize__ttft_ms=80.0, axonize__tpot_ms=8.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: what it sums up is known."""
    with serve(tmp_path_factory.mktemp("overview")) as server:
        seed_hour(server.http)
        yield server


@pytest.fixture
def page(browser: Browser, hour: Server, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport=SIZE, base_url=hour.http, color_scheme="dark")
    context.set_default_timeout(30_000)
    page = context.new_page()
    listen(page, complaints)
    yield page
    context.close()
    assert complaints == []


def figure(page: Page, label: str) -> Locator:
    return page.locator("dl > div").filter(has_text=label)


def open_overview(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("table", name="Models").get_by_role("link").first).to_be_visible()
    # Figures come a moment after the charts.
    expect(figure(page, "Requests")).to_contain_text("/s")


def test_the_front_page_sums_up_the_last_hour_beside_the_one_before(page: Page) -> None:
    open_overview(page)
    expect(figure(page, "Error rate")).to_contain_text("3.3 %")
    expect(figure(page, "Latency p50")).to_contain_text(re.compile(r"9\d\d ms"))
    # The start of the engine is none of them.
    expect(figure(page, "Latency p99")).to_contain_text(re.compile(r"9\d\d ms"))
    expect(figure(page, "Prefix hits")).to_contain_text("25 %")
    expect(figure(page, "GPU utilisation")).to_contain_text("60 %")
    expect(figure(page, "GPU power")).to_contain_text("540 W")
    # 30 in the hour before.
    expect(figure(page, "Requests")).to_contain_text(re.compile(r"\+\d+ %"))
    rows = page.get_by_role("table", name="Services").get_by_role("row")
    expect(rows.filter(has_text="chat-server")).to_contain_text("3.3 %")
    models = page.get_by_role("table", name="Models").get_by_role("row")
    expect(models.filter(has_text="small")).to_contain_text("60")
    expect(models.filter(has_text="qwen")).to_contain_text("30")
    shoot(page, "overview-dark")


def test_every_panel_opens_the_traces_behind_it(page: Page) -> None:
    open_overview(page)
    expect(page.get_by_label(re.compile("Traces behind"))).to_have_count(12)
    page.get_by_label("Traces behind Error rate").click()
    expect(page).to_have_url(re.compile("/traces.*from=.*to=.*status=error|status=error.*from="))
    expect(page.locator("footer")).to_contain_text("3 traces")
    page.go_back()
    page.get_by_role("table", name="Models").get_by_role("link", name="qwen").click()
    expect(page).to_have_url(re.compile("/traces.*model=qwen"))
    expect(page.locator("footer")).to_contain_text("30 traces")
    page.go_back()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_what_makes_ready_is_listed_and_is_no_request(page: Page) -> None:
    page.goto("/traces?service=chat-server&q=cold start")
    listed = page.locator("tr[data-trace]")
    expect(listed).to_have_count(1)
    expect(listed).to_contain_text("set-up")
    expect(page.get_by_role("region", name="Latency")).to_contain_text("No request matches")
    page.get_by_role("searchbox").fill("setup:false")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/traces\?setup=false$"))
    expect(listed.first).to_contain_text("POST /v1/chat")
    page.get_by_role("searchbox").fill("setup:true")
    page.keyboard.press("Enter")
    expect(listed).to_have_count(1)
    page.get_by_role("button", name="Remove the filter set-up").click()
    expect(page).to_have_url(re.compile("/traces$"))
    page.goto("/traces?setup=true")
    listed.get_by_role("link").click()
    expect(page.get_by_role("heading", name="cold start")).to_contain_text("set-up")


def point(page: Page, chart: Locator, share: float) -> tuple[float, float]:
    """Return where a moment is in a chart that stays where it is, its whole width being 1."""
    at_rest(page)
    box = chart.bounding_box()
    assert box is not None
    return box["x"] + share * box["width"], box["y"] + box["height"] / 2


def test_a_moment_leads_to_its_requests_and_a_drag_zooms(page: Page) -> None:
    open_overview(page)
    chart = page.get_by_role("img", name=re.compile("^Requests:"))
    page.mouse.click(*point(page, chart, 0.5))
    expect(page).to_have_url(re.compile("/traces.*from="))
    page.go_back()
    expect(chart).to_be_visible()
    page.mouse.move(*point(page, chart, 0.3))
    page.mouse.down()
    page.mouse.move(*point(page, chart, 0.6), steps=3)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"/\?from=.*to="))
    page.reload()
    expect(figure(page, "Requests")).to_contain_text("/s")
    page.go_back()
    expect(page).to_have_url(re.compile("/$"))


LEFTS = "all => [...new Set(all.map(each => each.style.left))]"


def labels(charts: Locator) -> list[str | None]:
    return [chart.get_attribute("aria-label") for chart in charts.all()]


def test_all_charts_share_the_cursor(page: Page) -> None:
    open_overview(page)
    charts = page.get_by_role("img", name=re.compile("^Latency|^Requests:"))
    said = labels(charts)
    page.mouse.move(*point(page, charts.first, 0.4))
    cursors = page.get_by_test_id("cursor")
    expect(cursors).to_have_count(page.get_by_test_id("plot").count())
    soon(page, lambda: cursors.evaluate_all(LEFTS), lambda places: len(places) == 1)
    soon(page, lambda: labels(charts), lambda pointed: pointed != said)
    page.mouse.move(5, 5)
    expect(cursors).to_have_count(0)


def test_keys_lead_to_every_page(page: Page) -> None:
    open_overview(page)
    for key, path in {
        "t": "/traces", "m": "/models", "g": "/gpus", "e": "/engines", "$": "/cost",
        "h": "/health", "s": "/settings", "o": "/",
    }.items():  # fmt: skip
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"{re.escape(path)}(\\?.*)?$"))


def test_a_service_and_a_model_narrow_everything(page: Page) -> None:
    page.goto("/?model=qwen")
    expect(page.get_by_role("table", name="Models").get_by_role("row")).to_have_count(2)
    expect(figure(page, "Error rate")).to_contain_text("10 %")
    page.goto("/?model=qwen&service=nobody&range=15m")
    said = "no request of service nobody and model qwen in the last 15 minutes"
    expect(page.get_by_text(said)).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page).to_have_url(re.compile(r"/\?range=15m$"))
    expect(page.get_by_test_id("plot").first).to_be_visible()


def test_what_is_of_the_range_before_says_so(page: Page) -> None:
    held: list[Route] = []
    open_overview(page)
    at_rest(page)
    page.route(re.compile("/analytics/models"), lambda route: held.append(route))
    page.get_by_role("button", name="Time range: Last hour").click()
    page.get_by_role("button", name="Last 6 hours").click()
    models = page.get_by_role("region", name="Models")
    expect(models.locator("[aria-busy=true]")).to_have_css("opacity", "0.6")
    expect(models.get_by_role("table")).to_be_visible()
    services = page.get_by_role("region", name="Services").locator("[aria-busy=true]")
    expect(services).to_have_count(0)
    for each in held:
        each.continue_()
    page.unroute(re.compile("/analytics/models"))
    expect(models.locator("[aria-busy=true]")).to_have_count(0)


def test_models_stand_side_by_side(page: Page) -> None:
    page.goto("/models")
    rows = page.get_by_role("table", name="Models").get_by_role("row")
    expect(rows).to_have_count(4)  # the engine names a third
    expect(rows.nth(1)).to_contain_text("small")
    page.get_by_role("button", name="Errors").click()
    expect(page).to_have_url(re.compile("sort=errors"))
    expect(rows.nth(1)).to_contain_text("qwen")
    expect(page.get_by_role("columnheader", name="Errors")).to_have_attribute(
        "aria-sort", "descending"
    )
    page.reload()
    expect(rows.nth(1)).to_contain_text("qwen")
    page.goto("/models?service=nobody")
    expect(page.get_by_text("no model of service nobody in the last hour")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(rows).to_have_count(4)


@pytest.mark.parametrize("path", ["/", "/models"])
def test_the_page_is_whole_everywhere(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.get_by_role("table", name="Models").get_by_role("link").first).to_be_visible()
    is_whole(page, "overview" if path == "/" else "models")


def test_an_empty_server_says_how_to_send_the_first_request(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with serve(tmp_path_factory.mktemp("nothing")) as server:
        page = browser.new_page(base_url=server.http)
        for path in ("/", "/models"):
            page.goto(path)
            said = page.get_by_text("axonize-instrument python app.py")
            expect(said).to_be_visible()
        page.close()
