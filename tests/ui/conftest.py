"""The built UI, served by a real server to a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
)

from tests.ui.chromium import open_chromium
from tests.ui.seeding import Seeded, seed
from tests.ui.serving import Server, serve
from tests.ui.waiting import watch

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "server/axonize_server/static/index.html"
SCREENSHOTS = ROOT / "screenshots"
# Where there is no npm the UI is not built; tests/e2e then looks at the page that says so.
collect_ignore_glob = [] if BUILT.is_file() else ["test_*.py"]
# What a page waits for takes seconds where many others work on the machine.
expect.set_options(timeout=30_000)
SIZE: ViewportSize = {"width": 1440, "height": 900}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("ui")) as server:
        yield server


@pytest.fixture(scope="session")
def seeded(server: Server) -> Seeded:
    return seed(server.http)


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about; a test that expects a complaint takes it out."""
    return []


@pytest.fixture
def context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=SIZE, base_url=server.http, color_scheme="dark")
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    """A page on the server; the test fails when the browser has complained by its end."""
    page = context.new_page()
    listen(page, complaints)
    yield page
    assert complaints == []


def listen(page: Page, complaints: list[str]) -> None:
    """Collect errors, warnings and uncaught exceptions of a page; see what it waits for."""
    watch(page)

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(str(error)))


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the page."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
