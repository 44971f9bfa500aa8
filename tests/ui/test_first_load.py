"""What a page loads when nothing is cached."""

from __future__ import annotations

import re
import urllib.request

import pytest
from playwright.sync_api import Page, Request, expect

from tests.ui.seeding import Seeded, trace_id
from tests.ui.serving import Server

PAGES = {
    "/": "Overview",
    "/traces": "Traces",
    "TRACE": "POST /v1/chat/completions 5.60 s",
    "/models": "Models",
    "/gpus": "GPUs",
    "/engines": "Engines",
    "/cost": "Cost",
    "/settings": "Settings",
    "/health": "Health",
}


@pytest.mark.parametrize("path", PAGES)
def test_the_page_names_all_the_code_it_needs_and_itself_in_the_tab(
    page: Page, server: Server, seeded: Seeded, path: str
) -> None:
    title = f"{PAGES[path]} \u00b7 Axonize"
    path = path.replace("TRACE", f"/traces/{trace_id(seeded.chat)}")
    loaded: set[str] = set()

    def on_request(request: Request) -> None:
        if request.resource_type == "script":
            loaded.add(request.url.rpartition("/")[2])

    page.on("request", on_request)
    page.goto(path)
    expect(page).to_have_title(title)
    expect(page.get_by_role("main")).to_be_visible()
    html = urllib.request.urlopen(server.http + path).read().decode()
    named = set(re.findall(r'(?:src|href)="(?:\./)?assets/([^"]+\.js)"', html))
    assert loaded == named
    assert len(loaded) == 4
