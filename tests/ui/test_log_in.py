"""A server with a key: the page to log in, the session, and its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.ui.conftest import SIZE, listen, shoot
from tests.ui.serving import Server, serve
from tests.ui.test_appearance import AXE, SERIOUS
from tests.ui.waiting import at_rest

KEY = "the-key-of-this-server"
REFUSED = "Failed to load resource: the server responded with a status of 401 (Unauthorized)"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("guarded"), AXONIZE_API_KEY=KEY) as server:
        yield server


@pytest.fixture
def visitor(browser: Browser, guarded: Server) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=SIZE, base_url=guarded.http, color_scheme="dark")
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(visitor: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    """A page of someone who has not logged in; only the refusals may be complained about."""
    page = visitor.new_page()
    listen(page, complaints)
    yield page
    assert set(complaints) <= {REFUSED}


def log_in(page: Page, key: str) -> None:
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Log in").click()


def test_who_has_not_logged_in_is_asked_to_wherever_they_come(page: Page) -> None:
    for path in ("/", "/traces?q=x", "/traces/5b8aa5a2d2c872e8321cf37308d69df2"):
        page.goto(path)
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        expect(page.get_by_label("Key", exact=True)).to_be_focused()
        expect(page.get_by_role("button", name="Log in")).to_be_disabled()


def test_a_password_manager_is_told_whose_key_it_is(page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/")
    page.get_by_label("Key", exact=True).fill("a key")
    expect(page.locator("form input[autocomplete=username]")).to_have_value("axonize")
    assert set(said) <= {REFUSED}


def test_a_wrong_key_is_refused_and_the_right_one_opens_the_page_that_was_asked_for(
    page: Page, visitor: BrowserContext
) -> None:
    page.goto("/traces?q=hello")
    log_in(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("This server does not know this key.")
    log_in(page, KEY)
    expect(page.get_by_role("heading", name="Log in")).to_be_hidden()
    expect(page).to_have_url(f"{page.evaluate('location.origin')}/traces?q=hello")
    expect(page.get_by_role("button", name="Log out of default")).to_be_visible()
    (cookie,) = visitor.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert KEY not in page.evaluate(
        "document.cookie + JSON.stringify([sessionStorage, localStorage])"
    )
    page.reload()
    expect(page.get_by_role("button", name="Log out of default")).to_be_visible()


def test_logging_out_ends_the_session(page: Page, visitor: BrowserContext) -> None:
    page.goto("/traces")
    log_in(page, KEY)
    page.get_by_role("button", name="Log out of default").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert visitor.cookies() == []
    page.reload()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_session_that_ends_elsewhere_asks_again(page: Page, visitor: BrowserContext) -> None:
    page.goto("/traces")
    log_in(page, KEY)
    expect(page.get_by_role("button", name="Log out of default")).to_be_visible()
    visitor.clear_cookies()
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_bars_the_way_of_anyone(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto("/traces")
    log_in(page, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert at_rest(page).evaluate(SERIOUS) == []
    shoot(page, f"log-in-{theme}")
