from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.trace import SpanKind
from playwright.sync_api import Browser, Locator, Page, expect
from pyarrow import parquet

from tests.ui.conftest import shoot
from tests.ui.seeding import MODEL, Seeded, Seeder, seed, trace_id
from tests.ui.serving import Server, serve
from tests.ui.waiting import at_rest

pytestmark = pytest.mark.usefixtures("seeded")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: what others send would be on top of the list."""
    with serve(tmp_path_factory.mktemp("traces")) as server:
        yield server


@pytest.fixture(scope="module")
def seeded(server: Server) -> Seeded:
    return seed(server.http)


def rows(page: Page) -> Locator:
    return page.locator("tr[data-trace]")


def row(page: Page, text: str) -> Locator:
    return rows(page).filter(has_text=text)


def heading(page: Page, name: str) -> Locator:
    """Return what sorts by a column; a filter has the same name."""
    return page.get_by_role("columnheader", name=name).get_by_role("button")


def test_the_list_shows_what_was_sent(page: Page, seeded: Seeded) -> None:
    page.goto("/traces")
    chat = page.locator(f'tr[data-trace="{trace_id(seeded.chat)}"]')
    cells = chat.locator("td")
    expect(cells.nth(0)).to_have_text(re.compile(r"\d\d:\d\d:\d\d\.\d{3}$"))
    texts = [text.strip() for text in cells.all_inner_texts()[1:]]
    assert re.sub(r"\s+", " ", " | ".join(texts)) == (
        "POST /v1/chat/completions | gateway +4 | Llama-3.1-8B-Instruct | Error | 5.60 s | 386 ms"
        " | 2,754 / 629 | 34 | 1"
    )
    shoot(page, "traces-dark")


def test_more_traces_come_while_scrolling(page: Page) -> None:
    page.goto("/traces?service=probe")
    expect(page.locator("footer")).to_contain_text("100 traces loaded")
    page.locator("[data-scroll-restoration-id=traces]").evaluate("e => e.scrollTo(0, 1e6)")
    expect(page.locator("footer")).to_contain_text("200 traces loaded")
    page.locator("[data-scroll-restoration-id=traces]").evaluate("e => e.scrollTo(0, 1e6)")
    expect(page.locator("footer")).to_contain_text("250 traces")
    assert rows(page).count() < 80  # the others are not in the document


def test_filters_act_and_are_in_the_address(page: Page) -> None:
    page.goto("/traces")
    expect(row(page, "batch inference job")).to_be_visible()
    page.get_by_role("button", name="Service", exact=True).click()
    page.get_by_role("option", name="vllm").click()
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?service=vllm$"))

    page.get_by_role("button", name="Model", exact=True).click()
    expect(page.get_by_role("option", name=MODEL)).to_be_visible()
    page.keyboard.type("llama")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(f"model={MODEL}")))

    page.get_by_role("button", name="Errors", exact=True).click()
    page.get_by_role("search").get_by_role("button", name="Duration").click()
    page.get_by_label("At least").fill("2 s")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("status=error.*min=2000|min=2000.*status=error"))
    expect(rows(page)).to_have_count(1)

    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_text("Duration ≥ 2.00 s")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(row(page, "batch inference job")).to_be_visible()
    expect(page).to_have_url(re.compile("/traces$"))


def test_a_list_can_be_taken_away(page: Page) -> None:
    page.goto("/traces?service=probe")
    expect(page.locator("footer")).to_contain_text("100 traces loaded")
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download as Parquet").click()
    assert coming.value.suggested_filename == "traces.parquet"
    table = parquet.read_table(coming.value.path())
    assert table.num_rows == 250
    assert set(table["service_name"].to_pylist()) == {"probe"}


def test_text_is_searched_and_back_goes_to_the_list_as_it_was(page: Page, seeded: Seeded) -> None:
    page.goto("/traces")
    expect(row(page, "batch inference job")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(trace_id(seeded.earlier)[:10])
    expect(rows(page)).to_have_count(1)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="warm up").click()
    expect(page.get_by_role("heading", name="warm up")).to_be_visible()
    page.get_by_role("link", name="Back to the list").click()
    expect(page).to_have_url(re.compile(f"q={trace_id(seeded.earlier)[:10]}"))
    expect(rows(page)).to_have_count(1)


def test_a_time_range_can_be_chosen_and_typed(page: Page) -> None:
    page.goto("/traces")
    page.get_by_role("button", name="Time range: Last hour").click()
    page.get_by_role("button", name="Last 24 hours").click()
    expect(page).to_have_url(re.compile("range=24h"))
    page.get_by_role("button", name="Time range: Last 24 hours").click()
    page.get_by_label("Or the last…").fill("90m")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("range=90m"))
    expect(row(page, "batch inference job")).to_be_visible()


def test_sorting_by_duration(page: Page) -> None:
    page.goto("/traces")
    heading(page, "Duration").click()
    expect(page).to_have_url(re.compile("sort=-duration"))
    expect(rows(page).first).to_contain_text("batch inference job")
    expect(page.get_by_role("columnheader", name="Duration")).to_have_attribute(
        "aria-sort", "descending"
    )
    heading(page, "Duration").click()
    expect(rows(page).first).to_contain_text("GET /healthz")


def test_the_keyboard_is_enough_to_open_a_trace(page: Page) -> None:
    page.goto("/traces?sort=-duration")
    expect(rows(page).first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr[data-row='1'] a")).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("tr[data-row='0'] a")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="batch inference job")).to_be_visible()


def test_a_filter_that_hides_everything_says_so(page: Page) -> None:
    page.goto("/traces?q=nothing-is-called-so")
    expect(page.get_by_text("none matches these filters in the last hour")).to_be_visible()
    shoot(page, "traces-nothing-found")
    page.get_by_role("button", name="Look in the last 6 hours").click()
    expect(page).to_have_url(re.compile("range=6h"))
    page.get_by_role("button", name="Clear filters").last.click()
    expect(row(page, "batch inference job")).to_be_visible()


def test_live_shows_a_trace_that_arrives_later(page: Page, server: Server) -> None:
    page.goto("/traces?q=just-arrived")
    expect(page.get_by_text("none matches")).to_be_visible()
    page.goto("/traces")
    page.get_by_role("button", name="Live").click()
    expect(page).to_have_url(re.compile("live=1"))
    expect(row(page, "batch inference job")).to_be_visible()
    seeder = Seeder(server.http, start_ns=time.time_ns())
    seeder.span("just-arrived", 0, 1)
    seeder.send()
    expect(row(page, "just-arrived")).to_be_visible()


def test_rows_that_are_followed_live_stay_under_the_pointer(page: Page, server: Server) -> None:
    page.goto("/traces?live=1")
    expect(row(page, "batch inference job")).to_be_visible()
    rows(page).nth(3).hover()
    at_rest(page)
    before = [each.get_attribute("data-trace") for each in rows(page).all()[:5]]
    seeder = Seeder(server.http, start_ns=time.time_ns())
    for number in range(2):
        seeder.span("while someone reads", number, 1)
    seeder.send()
    pill = page.get_by_role("button", name="2 new")
    expect(pill).to_be_visible()
    assert [each.get_attribute("data-trace") for each in rows(page).all()[:5]] == before
    shoot(page, "traces-live-held")
    pill.hover()
    page.wait_for_timeout(500)  # it stays for those who go there slowly
    pill.click()
    expect(rows(page).first).to_contain_text("while someone reads")
    expect(pill).to_have_count(0)


def test_the_list_that_is_scrolled_down_counts_what_is_new(page: Page, server: Server) -> None:
    page.goto("/traces?live=1&q=healthz")
    expect(page.locator("footer")).to_contain_text("100 traces loaded")
    page.locator("[data-scroll-restoration-id=traces]").evaluate("e => e.scrollTo(0, 900)")
    expect(page.get_by_text("Live is paused while you are scrolled down")).to_be_visible()
    seeder = Seeder(server.http, start_ns=time.time_ns())
    seeder.span("GET /healthz since", 0, 1)
    seeder.send()
    page.get_by_role("button", name="1 new").click()
    expect(row(page, "GET /healthz since")).to_be_visible()
    expect(page.get_by_text("Live is paused")).to_have_count(0)


def test_a_key_is_asked_for_and_an_empty_server_says_how_to_fill_it(
    browser: Browser, tmp_path: Path
) -> None:
    with serve(tmp_path / "data", AXONIZE_API_KEY="secret-key") as server:
        page = browser.new_page(base_url=server.http)
        page.goto("/traces")
        page.get_by_label("Key", exact=True).fill("secret-key")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("axonize-instrument python app.py")).to_be_visible()
        expect(page.get_by_text(f"{server.http}/v1/traces")).to_be_visible()
        shoot(page, "traces-first")
        seeder = Seeder(server.http, headers={"authorization": "Bearer secret-key"})
        seeder.span("first of all", 0, 5)
        seeder.send()
        expect(row(page, "first of all")).to_be_visible()
        page.close()


def test_a_call_that_is_traced_at_both_of_its_ends_has_its_tokens_once(
    page: Page, server: Server
) -> None:
    seeder = Seeder(server.http)
    usage = {"gen_ai__usage__input_tokens": 1040, "gen_ai__usage__output_tokens": 11}
    call = seeder.span("chat both ends", 0, 90, kind=SpanKind.CLIENT, service="caller", **usage)
    seeder.span(
        "chat both ends", 5, 80, parent=call, kind=SpanKind.SERVER, service="served", **usage
    )
    seeder.send()
    page.goto("/traces?service=served")
    expect(row(page, "chat both ends")).to_contain_text("1,040 / 11")
    row(page, "chat both ends").get_by_role("link").click()
    expect(page.locator("dl").first).to_contain_text("Tokens in / out1,040 / 11")
