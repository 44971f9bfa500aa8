"""The page that says how the server is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from axonize.version import VERSION
from tests.e2e.tenancy import ask
from tests.e2e.test_processes import lossy_process, wait_for
from tests.server.ingest.otlp import body, span
from tests.server.processes import report
from tests.server.serving import call
from tests.ui.conftest import shoot
from tests.ui.serving import Server, serve
from tests.ui.test_appearance import AXE, SERIOUS
from tests.ui.waiting import at_rest, soon


def test_it_says_what_runs_and_what_comes_in(page: Page, server: Server) -> None:
    page.goto("/traces")
    page.get_by_role("button", name="Health of the server").click()
    expect(page.get_by_role("region", name="Databases")).to_contain_text("ClickHouseanswers")
    expect(page.get_by_role("region", name="Databases")).to_contain_text("PostgreSQLanswers")
    expect(page.get_by_text("schema ClickHouse")).to_be_visible()
    before = int(soon(page, lambda: stored(at_rest(page)), str.isdigit))
    assert call(f"{server.http}/v1/traces", body(*map(span, range(1, 41))))[0] == 200
    expect(page.get_by_role("region", name="Spans")).to_contain_text(f"{before + 40:,}")
    assert call(f"{server.http}/v1/traces", b"\xff")[0] == 400
    refused = page.get_by_role("region", name="Refused since the start")
    expect(refused).to_contain_text("Requests, no valid OTLP")
    assert ask(server.http, "GET", "/healthz", None)[0] == 200


def stored(page: Page) -> str:
    text = page.get_by_role("region", name="Spans").inner_text()
    return text.rpartition("start")[2].strip().replace(",", "")


def test_a_process_that_loses_spans_and_lacks_a_hook(
    page: Page, server: Server, tmp_path: Path
) -> None:
    with lossy_process(server.grpc, tmp_path) as process:
        wait_for(server.http, lambda each: bool(each["spans_dropped"]))
        page.goto("/health")
        processes = page.get_by_role("region", name="Processes")
        mine = processes.get_by_role("listitem").filter(has_text=f"pid {process.pid}").first
        expect(mine).to_contain_text("lossy")
        expect(mine).to_contain_text(f"axonize {VERSION}")
        expect(mine).to_contain_text("lost: the buffer was full. Raise AXONIZE_BUFFER_SIZE")
        expect(mine).to_contain_text("json 1 of 2 hooks")
        expect(mine).to_contain_text("json: json:gone is not there")
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            for width, height in ((1440, 900), (390, 844)):
                page.set_viewport_size({"width": width, "height": height})
                processes.scroll_into_view_if_needed()
                at_rest(page)
                shoot(page, f"health-processes-{theme}-{width}")
                assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.evaluate(AXE.read_text(encoding="utf-8"))
            assert at_rest(page).evaluate(SERIOUS) == []


def test_a_list_that_is_cut_says_so(page: Page, server: Server) -> None:
    def cut(route: Route) -> None:
        """As the API answers with more than 1000 processes; tests/server/query has it from it."""
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "more": True})

    page.route("**/api/v1/processes?*", cut)
    assert call(f"{server.http}/v1/metrics", report("chat", "one", exported=1))[0] == 200
    page.goto("/health")
    said = page.get_by_text(re.compile(r"These are the newest \d+; older ones are left out\."))
    expect(said).to_be_visible()


def test_no_process_has_sent_a_span(browser: Browser, tmp_path: Path) -> None:
    with serve(tmp_path / "empty") as empty:
        page = browser.new_page(base_url=empty.http)
        page.goto("/health")
        processes = page.get_by_role("region", name="Processes")
        expect(processes).to_contain_text("No process has sent a span in the last hour.")
        expect(processes.get_by_role("code")).to_contain_text("axonize-instrument")
        page.close()


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_is_in_reach_of_everyone(page: Page, theme: str, size: tuple[int, int]) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto("/health")
    expect(page.get_by_role("region", name="Databases")).to_contain_text("answers")
    assert at_rest(page).evaluate("document.documentElement.scrollWidth") <= size[0]
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert at_rest(page).evaluate(SERIOUS) == []
    shoot(page, f"health-{theme}-{size[0]}")
