"""The page that says how the server is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.tenancy import ask
from tests.server.ingest.otlp import body, span
from tests.server.serving import call
from tests.ui.conftest import shoot
from tests.ui.serving import Server
from tests.ui.test_appearance import AXE, SERIOUS


def test_it_says_what_runs_and_what_comes_in(page: Page, server: Server) -> None:
    page.goto("/traces")
    page.get_by_role("button", name="Health of the server").click()
    expect(page.get_by_role("region", name="Databases")).to_contain_text("ClickHouseanswers")
    expect(page.get_by_role("region", name="Databases")).to_contain_text("PostgreSQLanswers")
    expect(page.get_by_text("schema ClickHouse")).to_be_visible()
    before = int(stored(page))
    assert call(f"{server.http}/v1/traces", body(*map(span, range(1, 41))))[0] == 200
    expect(page.get_by_role("region", name="Spans")).to_contain_text(f"{before + 40:,}")
    assert call(f"{server.http}/v1/traces", b"\xff")[0] == 400
    refused = page.get_by_role("region", name="Refused since the start")
    expect(refused).to_contain_text("Requests, no valid OTLP")
    assert ask(server.http, "GET", "/healthz", None)[0] == 200


def stored(page: Page) -> str:
    text = page.get_by_role("region", name="Spans").inner_text()
    return text.rpartition("start")[2].strip().replace(",", "")


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_is_in_reach_of_everyone(page: Page, theme: str, size: tuple[int, int]) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto("/health")
    expect(page.get_by_role("region", name="Databases")).to_contain_text("answers")
    page.wait_for_timeout(2_500)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(SERIOUS) == []
    shoot(page, f"health-{theme}-{size[0]}")
