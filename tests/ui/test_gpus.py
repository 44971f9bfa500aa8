from __future__ import annotations

import json
import re
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.ui.conftest import shoot
from tests.ui.gpus import FAR, PARTS, SECOND_NS, SPLIT, UNMEASURED, WHOLE, GpuSeeder, seed_gpus
from tests.ui.serving import Server, serve
from tests.ui.test_appearance import is_whole
from tests.ui.waiting import at_rest, soon


@pytest.fixture(scope="module", autouse=True)
def seeded_gpus(server: Server) -> int:
    now_ns = seed_gpus(server.http)
    by = time.monotonic() + 240
    while not read_json(f"{server.http}/api/v1/gpus/{PARTS[1]}")["mig"]:  # in the background
        assert time.monotonic() < by
        time.sleep(0.2)
    return now_ns


def read_json(address: str) -> Any:
    with urllib.request.urlopen(address) as answer:
        return json.loads(answer.read())


def tile(page: Page, uuid: str) -> Locator:
    return page.locator(f'li[data-gpu="{uuid}"]')


def words(element: Locator) -> str:
    return re.sub(r"\s+", " ", element.inner_text())


def plots(page: Page) -> Locator:
    return page.get_by_test_id("plot")


def test_gpus_lie_on_their_nodes_with_what_they_say_now(page: Page) -> None:
    page.goto("/gpus")
    node = page.get_by_role("region", name="gpu-node-07")
    expect(node).to_contain_text("3 GPUs · 97 % utilised")
    expect(node).to_contain_text("W · aws · eu-central-1a · p5.48xlarge · driver 580.95.05")
    whole = words(tile(page, WHOLE))
    assert "NVIDIA H100 80GB HBM3 GPU-5b5c6f1e 1B:00.0" in whole
    expect(page.get_by_role("region", name="gpu-node-08")).to_have_text(re.compile("^((?!aws).)*$"))
    assert "Utilisation 97 % Memory 61.8 GiB / 80 GiB" in whole
    assert "Power 673 W Temperature 71 °C SM clock 1,680 MHz Throttled: SW power cap" in whole
    split = words(tile(page, SPLIT))
    assert "Utilisation \u2013 Memory 21.5 GiB / 80 GiB" in split
    assert "Not throttled 3g.40gb 20 % 6.5 GiB 2g.20gb 55 % 14.5 GiB" in split
    expect(tile(page, FAR)).to_contain_text(re.compile(r"1\d min ago"))
    expect(tile(page, UNMEASURED)).to_contain_text("Named by spans; it sends no metrics")
    shoot(page, "gpus-dark")
    page.emulate_media(color_scheme="light")
    shoot(page, "gpus-light")


def test_tiles_follow_new_samples_and_stay_where_they_are(page: Page, server: Server) -> None:
    page.goto("/gpus")
    expect(tile(page, WHOLE)).to_contain_text("97 %")
    at_rest(page)
    before = page.locator("li[data-gpu]").evaluate_all("e => e.map(each => each.offsetTop)")
    page.evaluate("document.querySelector('li[data-gpu]').dataset.same = 'yes'")
    seeder = GpuSeeder(server.http)
    seeder.sample("gpu-node-08", FAR, time.time_ns(), hw__gpu__utilization=0.42, hw__power=301.0)
    seeder.send()
    expect(tile(page, FAR)).to_contain_text("42 %")
    expect(tile(page, FAR)).to_contain_text("301 W")
    assert page.locator("li[data-gpu]").evaluate_all("e => e.map(each => each.offsetTop)") == before
    expect(page.locator("li[data-same=yes]")).to_have_count(1)  # the same element, not a new one


def test_the_range_is_in_the_address_and_back_keeps_it(page: Page) -> None:
    page.goto("/gpus")
    expect(tile(page, FAR)).to_be_visible()
    page.get_by_role("button", name="Time range: Last hour").click()
    page.get_by_role("button", name="Last 15 minutes").click()
    expect(page).to_have_url(re.compile(r"/gpus\?range=15m$"))
    tile(page, WHOLE).get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(rf"/gpus/{WHOLE}\?range=15m$"))
    page.get_by_role("link", name="All GPUs").click()
    expect(page).to_have_url(re.compile(r"/gpus\?range=15m$"))
    page.go_back()
    page.go_back()
    expect(page).to_have_url(re.compile(r"/gpus\?range=15m$"))
    expect(tile(page, WHOLE)).to_be_visible()


def open_whole(page: Page) -> None:
    page.goto(f"/gpus/{WHOLE}")
    expect(page.get_by_role("img", name="Utilisation: 97 %")).to_be_visible()
    expect(page.locator("tr[data-trace]").first).to_be_visible()
    at_rest(page)  # a chart that came later would push a row from under the pointer


def test_a_gpu_over_time(page: Page) -> None:
    open_whole(page)
    charts = ["Utilisation", "Memory", "Power", "Temperature", "Clocks", "Throttling", "Requests"]
    expect(page.locator("figcaption")).to_have_text([re.compile(f"^{each}") for each in charts])
    expect(page.get_by_role("img", name="Power: 673 W")).to_be_visible()
    expect(page.get_by_role("img", name="Memory: 61.8 GiB")).to_be_visible()
    expect(page.get_by_role("img", name="Throttling: HW slowdown, SW power cap")).to_be_visible()
    expect(page.locator("dl").first).to_contain_text("Energy in the range810 kJ")
    expect(page.locator("dl").first).to_contain_text("Nodegpu-node-07")
    shoot(page, "gpu-dark")
    page.emulate_media(color_scheme="light")
    shoot(page, "gpu-light")


def test_a_gpu_has_its_card_and_those_who_use_it(page: Page) -> None:
    open_whole(page)
    layers = page.get_by_role("region", name="Who uses this GPU")
    expect(layers).to_contain_text("NVIDIA H100 80GB HBM3")
    expect(layers).to_contain_text("No price is set")
    expect(layers.get_by_role("listitem").filter(has_text="gpu-engine")).to_contain_text(
        re.compile(r"cuda:0 · gpu-node-07(now|\d+ (s|min) ago)")
    )
    layers.scroll_into_view_if_needed()
    shoot(page, "gpu-layers-dark")
    page.goto(f"/gpus/{PARTS[0]}")
    expect(layers).to_contain_text(SPLIT)
    expect(layers.get_by_text("MIG-1a2c9d10")).to_be_visible()


def test_a_gpu_says_what_it_is(page: Page, context: BrowserContext, server: Server) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.http)
    open_whole(page)
    layers = page.get_by_role("region", name="Who uses this GPU")
    said = "Architecture Hopper · compute capability 9.0 Memory 80 GiB Driver 580.95.05 · CUDA 13.0"
    where = "PCI bus 00000000:1B:00.0 Cloud aws · eu-central-1a · p5.48xlarge Instance"
    expect(layers).to_contain_text("Instance")
    told = words(layers)
    assert f"{said} {where} i-0123456789abcdef0 NVLink to GPU-c0ffee00 GPU-feedbeef" in told
    assert "NUMA" not in told, "what is not said is absent"
    layers.get_by_role("button", name="Copy: Instance").click()
    copied = "i-0123456789abcdef0"
    soon(page, lambda: page.evaluate("navigator.clipboard.readText()"), lambda it: it == copied)
    layers.scroll_into_view_if_needed()
    page.wait_for_timeout(2000)  # until the button says no more that it has copied
    expect(layers.get_by_role("button", name="Copy: Instance")).to_be_visible()
    is_whole(page, "gpu-identity")
    page.goto(f"/gpus/{PARTS[0]}")
    expect(layers).to_contain_text("NUMA node1")
    parts = [words(each) for each in layers.get_by_role("listitem").all()[:3]]
    assert parts == [
        "GPU-77e10b42 80 GiB",
        "3g.40gb MIG-1a2c9d10 45 % of the SMs · GI 1 · CI 0",
        "2g.20gb MIG-2a2c9d10 24 % of the SMs · GI 2 · CI 0",
    ]
    layers.scroll_into_view_if_needed()
    is_whole(page, "gpu-identity-mig")
    layers.get_by_role("link", name="GPU-77e10b42").click()
    expect(page).to_have_url(re.compile(SPLIT))
    page.goto(f"/gpus/{UNMEASURED}")
    expect(layers).to_contain_text("cuda:0")
    expect(layers.get_by_text("Architecture")).to_have_count(0)


def test_a_card_is_given_a_price_and_it_has_a_history(page: Page) -> None:
    page.goto(f"/gpus/{PARTS[0]}")
    layers = page.get_by_role("region", name="Who uses this GPU")
    layers.get_by_role("button", name="Set price").click()
    form = page.get_by_role("dialog", name="Price of this card")
    expect(form).to_contain_text("The price is of the whole card")
    save, usd = form.get_by_role("button", name="Save"), form.get_by_label("US dollars an hour")
    for wrong in ("", "much", "-1"):
        usd.fill(wrong)
        expect(save).to_be_disabled()
    usd.fill("2,50")
    form.get_by_label("From when on").fill("2026-01-02T03:04")
    save.click()
    expect(layers).to_contain_text("$2.50 an hour set for this card")
    page.get_by_role("button", name="Change price").click()
    usd.fill("3")
    usd.press("Enter")
    expect(layers).to_contain_text("$3.00 an hour set for this card")
    page.get_by_role("button", name="Change price").click()
    history = form.get_by_role("region", name="Prices that were set")
    expect(history.get_by_role("listitem")).to_have_count(2)
    rows = [words(each) for each in history.get_by_role("listitem").all()]
    assert re.fullmatch(r".* \$3\.00 now", rows[0])
    assert re.fullmatch(r"2026-01-02 03:04:00 .* \$2\.50", rows[1])
    shoot(page, "gpu-price-dark")
    page.emulate_media(color_scheme="light")
    shoot(page, "gpu-price-light")
    page.set_viewport_size({"width": 390, "height": 844})
    is_whole(page, "gpu-price-narrow")
    form.get_by_role("button", name="Use the price of its model").click()
    expect(layers).to_contain_text("No price is set")


def test_who_may_not_set_prices_is_told_so(page: Page, complaints: list[str]) -> None:
    # As the API answers a key without the scope; tests/server/api has it from the real one.
    page.route("**/price", lambda route: route.fulfill(status=403, json={"title": "Forbidden"}))
    page.goto(f"/gpus/{PARTS[0]}")
    page.get_by_role("button", name=re.compile("^(Set|Change) price")).click()
    form = page.get_by_role("dialog", name="Price of this card")
    form.get_by_label("US dollars an hour").fill("3")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_have_text(
        "You may not set prices: log in with a key that has the scope admin."
    )
    (complaint,) = complaints
    assert "403" in complaint
    complaints.clear()


def test_the_cursor_is_shared_and_a_drag_zooms_until_back(page: Page) -> None:
    open_whole(page)
    box = plots(at_rest(page)).first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.7, box["y"] + 20
    page.mouse.move(x, y)
    cursors = page.locator("[data-testid=plot] > span.w-px.bg-ink-muted")
    expect(cursors).to_have_count(7)
    expect(page.get_by_role("img", name="Utilisation: 97 %", exact=True)).to_have_count(0)
    page.mouse.down()
    page.mouse.move(x + box["width"] * 0.1, y)
    page.mouse.up()
    expect(page).to_have_url(re.compile(rf"/gpus/{WHOLE}\?from=.*&to=.*"))
    page.reload()
    expect(page.get_by_role("button", name="Time range")).not_to_contain_text("Last")
    zoomed = page.url
    page.keyboard.press("-")
    expect(page).not_to_have_url(zoomed)
    page.keyboard.press("0")
    expect(page).to_have_url(re.compile(f"/gpus/{WHOLE}$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"from="))


def test_traces_on_a_gpu_lead_to_the_list_and_to_each(page: Page) -> None:
    page.goto(f"/gpus/{PARTS[0]}")
    expect(page.get_by_text("MIG instance of")).to_be_visible()
    at_rest(page).get_by_role("link", name="All 30 traces in the list").click()
    expect(page).to_have_url(re.compile(rf"/traces\?gpu={PARTS[0]}$"))
    expect(page.locator("footer")).to_contain_text("30 traces")
    page.get_by_role("button", name="Clear gpu").click()
    expect(page).to_have_url(re.compile("/traces$"))
    page.go_back()
    expect(page).to_have_url(re.compile(rf"/traces\?gpu={PARTS[0]}$"))
    page.go_back()
    expect(page.get_by_text("MIG instance of")).to_be_visible()
    at_rest(page).locator("tr[data-trace]").first.click()
    expect(page.get_by_role("heading", name="POST /v1/completions")).to_be_visible()
    page.get_by_role("treeitem", name="generate").click()
    expect(page.locator("dl").get_by_text("by calls")).to_be_visible()
    shoot(page, "trace-by-calls-dark")


def test_a_trace_has_its_gpus_under_its_spans(page: Page) -> None:
    open_whole(page)
    page.locator("tr[data-trace]").first.click()
    gpus = page.get_by_role("region", name="GPUs")
    expect(gpus.get_by_role("img", name="Power of GPU-5b5c6f1e: 673 W")).to_be_visible()
    at_rest(page)
    lane, bar = gpus.get_by_role("img").bounding_box(), page.locator("canvas").first.bounding_box()
    assert lane is not None
    assert bar is not None
    assert (lane["x"], lane["width"]) == (bar["x"], bar["width"])  # the axis of the spans
    gpus.get_by_role("button", name="Memory").click()
    expect(page).to_have_url(re.compile("gpus=memory"))
    page.reload()
    expect(gpus.get_by_role("img", name="Memory of GPU-5b5c6f1e: 61.8 GiB")).to_be_visible()
    is_whole(page, "trace-gpus")
    page.set_viewport_size({"width": 1440, "height": 900})
    gpus.get_by_role("button", name="Hide the GPUs").click()
    expect(page).to_have_url(re.compile("gpus=off"))
    expect(gpus.get_by_role("img")).to_have_count(0)
    gpus.get_by_role("button", name="Show the GPUs").click()
    gpus.get_by_role("link", name="GPU-5b5c6f1e").click()
    expect(page).to_have_url(re.compile(rf"/gpus/{WHOLE}\?from=.*&to="))


def test_the_flame_chart_has_the_gpus_on_its_axis(page: Page) -> None:
    open_whole(page)
    page.locator("tr[data-trace]").first.click()
    page.get_by_role("button", name="Flame").click()
    gpus = page.get_by_role("region", name="GPUs")
    expect(gpus.get_by_role("img", name="Power of GPU-5b5c6f1e: 673 W")).to_be_visible()
    at_rest(page)
    lane = gpus.get_by_role("img").bounding_box()
    chart = page.get_by_role("img", name=re.compile("spans? in")).bounding_box()
    assert lane is not None
    assert chart is not None
    assert (lane["x"], lane["width"]) == (chart["x"], chart["width"])
    is_whole(page, "flame-gpus")


def test_the_whole_of_a_split_gpu_has_the_traces_of_its_parts(page: Page) -> None:
    page.goto(f"/gpus/{SPLIT}")
    expect(page.get_by_role("link", name="All 30 traces in the list")).to_be_visible()
    page.locator("header").get_by_role("link", name="MIG-2a2c9d10").click()
    expect(page.get_by_text("No trace ran on this GPU in this range.")).to_be_visible()
    expect(page.get_by_role("img", name="Utilisation: 55 %")).to_be_visible()


def test_a_gpu_without_metrics_says_so_and_shows_its_traces(page: Page) -> None:
    page.goto(f"/gpus/{UNMEASURED}")
    expect(page.get_by_text("Nobody sends metrics of this GPU; spans name it.")).to_be_visible()
    expect(page.get_by_role("link", name="All 1 trace in the list")).to_be_visible()


def test_a_gpu_that_nobody_knows_is_said_to_be_so(page: Page, complaints: list[str]) -> None:
    page.goto("/gpus/GPU-nobody")
    expect(page.get_by_text("No metrics of this GPU are known.")).to_be_visible()
    expect(page.get_by_text("No trace ran on this GPU in this range.")).to_be_visible()
    page.wait_for_timeout(6_000)  # longer than what is known is refreshed
    assert len(complaints) == 1
    assert "404" in complaints.pop()


def test_the_keyboard_leads_between_pages(page: Page) -> None:
    page.goto("/traces?service=gpu-api")
    expect(page.locator("tr[data-trace]").first).to_be_visible()
    page.keyboard.press("g")
    expect(page).to_have_url(re.compile("/gpus$"))
    expect(tile(page, WHOLE)).to_be_visible()
    page.keyboard.press("t")
    expect(page).to_have_url(re.compile(r"/traces\?service=gpu-api$"))


@pytest.mark.parametrize(("name", "address"), [("gpus", "/gpus"), ("gpu", f"/gpus/{WHOLE}")])
def test_nothing_bars_the_way_and_nothing_is_cut_off(page: Page, name: str, address: str) -> None:
    page.goto(address)
    shown = tile(page, WHOLE) if name == "gpus" else page.locator("tr[data-trace]").first
    expect(shown).to_be_visible()
    is_whole(page, name)


def test_an_empty_server_says_how_to_send_gpus(browser: Browser, tmp_path: Path) -> None:
    with serve(tmp_path / "data") as server:
        page = browser.new_page(base_url=server.http)
        page.goto("/gpus")
        expect(page.get_by_role("heading", name="Waiting for the first GPU")).to_be_visible()
        expect(page.get_by_text(f"{server.http}/v1/metrics")).to_be_visible()
        shoot(page, "gpus-first")
        old = time.time_ns() - 3 * 3600 * SECOND_NS
        seeder = GpuSeeder(server.http)
        seeder.sample("node", FAR, old, hw__power=70.0)
        seeder.send()
        page.reload()
        page.get_by_role("button", name="Look in the last 6 hours").click()
        expect(tile(page, FAR)).to_be_visible()
        page.close()
