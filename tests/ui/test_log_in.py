"""A server with a key: the page to log in, the session, and its end."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axonize_server.auth.sessions import COOKIE
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.ui.conftest import SIZE, listen, shoot
from tests.ui.serving import Server, serve
from tests.ui.test_appearance import AXE, SERIOUS
from tests.ui.waiting import at_rest, soon

KEY = "the-key-of-this-server"
REFUSED = "Failed to load resource: the server responded with a status of 401 (Unauthorized)"
NO_TRACE = "Failed to load resource: the server responded with a status of 404 (Not Found)"


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
    """A page of someone who has not logged in; a test takes out what it has had refused."""
    page = visitor.new_page()
    listen(page, complaints)
    yield page
    assert complaints == []


def log_in(page: Page, key: str) -> None:
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Log in").click()


def test_who_has_not_logged_in_is_asked_to_wherever_they_come(page: Page) -> None:
    for path in ("/", "/traces?q=x", "/traces/5b8aa5a2d2c872e8321cf37308d69df2"):
        page.goto(path)
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        expect(page.get_by_label("Key", exact=True)).to_be_focused()
        expect(page.get_by_role("button", name="Log in")).to_be_disabled()


def test_the_browser_says_nothing_but_that_a_wrong_key_was_refused(
    page: Page, visitor: BrowserContext, complaints: list[str]
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition("/api/")[2]))
    page.goto(f"/traces/{'5b' * 16}")
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    assert set(filter(None, asked)) == {"v1/session"}
    # A preload that nothing uses is complained about some seconds later.
    page.wait_for_timeout(6_000)
    assert said == []
    log_in(page, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    assert said == complaints == [REFUSED]
    log_in(page, KEY)
    expect(page.get_by_role("heading", name="This trace is not here")).to_be_visible()
    page.goto("/traces")
    at_rest(page)
    for _ in range(2):
        page.get_by_role("button", name="Log out of default").click()
        expect(page.get_by_label("Key", exact=True)).to_be_focused()
        at_rest(page)
        log_in(page, KEY)
        expect(page.get_by_role("button", name="Log out of default")).to_be_visible()
        at_rest(page)
    visitor.clear_cookies()
    visitor.add_cookies([{"name": COOKIE, "value": "ended", "url": page.url}])
    page.goto(f"/traces/{'5b' * 16}")
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_label("Admin key")).to_be_visible()
    at_rest(page)
    assert said == complaints == [REFUSED, NO_TRACE]
    complaints.clear()


def test_a_password_manager_is_told_whose_key_it_is(page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/")
    page.get_by_label("Key", exact=True).fill("a key")
    expect(page.locator("form input[autocomplete=username]")).to_have_value("axonize")
    assert said == []


def test_a_wrong_key_is_refused_and_the_right_one_opens_the_page_that_was_asked_for(
    page: Page, visitor: BrowserContext, complaints: list[str]
) -> None:
    page.goto("/traces?q=hello")
    log_in(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("This server does not know this key.")
    complaints.clear()
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


def test_who_logs_out_waits_for_no_answer(page: Page) -> None:
    """What is asked for at that moment would be refused after it, and the console would say so."""
    page.goto("/traces")
    log_in(page, KEY)
    expect(page.get_by_role("button", name="Log out of default")).to_be_visible()
    asked: list[Route] = []
    page.route(re.compile(r"/api/v1/(traces\?|session$)"), lambda route: asked.append(route))

    def held(method: str) -> list[Route]:
        return soon(page, lambda: [each for each in asked if each.request.method == method], bool)

    page.keyboard.press("r")
    waiting = held("GET")
    page.get_by_role("button", name="Log out of default").click()
    [leaving] = held("DELETE")
    ended = leaving.fetch()
    for each in waiting:
        each.continue_()
    page.wait_for_timeout(500)
    leaving.fulfill(response=ended)
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_session_that_ends_elsewhere_asks_again(
    page: Page, visitor: BrowserContext, complaints: list[str]
) -> None:
    page.goto("/traces")
    log_in(page, KEY)
    expect(page.get_by_role("button", name="Log out of default")).to_be_visible()
    visitor.clear_cookies()
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert set(complaints) == {REFUSED}
    complaints.clear()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_bars_the_way_of_anyone(
    page: Page, theme: str, width: int, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto("/traces")
    log_in(page, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert at_rest(page).evaluate(SERIOUS) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    shoot(page, f"log-in-{theme}-{width}")
    complaints.clear()
