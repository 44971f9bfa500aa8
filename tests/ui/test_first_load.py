"""What a page loads when nothing is cached."""

from __future__ import annotations

import re
import urllib.request

import pytest
from playwright.sync_api import Page, Request, expect

from tests.ui.seeding import Seeded, trace_id
from tests.ui.serving import Server

PAGES = ("/", "/traces", "TRACE", "/models", "/gpus", "/engines", "/cost", "/settings", "/health")


@pytest.mark.parametrize("path", PAGES)
def test_the_page_itself_names_all_the_code_it_needs(
    page: Page, server: Server, seeded: Seeded, path: str
) -> None:
    path = path.replace("TRACE", f"/traces/{trace_id(seeded.chat)}")
    loaded: set[str] = set()

    def on_request(request: Request) -> None:
        if request.resource_type == "script":
            loaded.add(request.url.rpartition("/")[2])

    page.on("request", on_request)
    page.goto(path)
    expect(page.get_by_role("main")).to_be_visible()
    html = urllib.request.urlopen(server.http + path).read().decode()
    named = set(re.findall(r'(?:src|href)="(?:\./)?assets/([^"]+\.js)"', html))
    assert loaded == named
    assert len(loaded) == 4
