"""Managing tenants in the browser: as who runs the server, and as a tenant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.tenancy import ADMIN_KEY, ask, make_key, manage, send
from tests.server.days import stay_today
from tests.server.ingest.otlp import body, span
from tests.ui.conftest import SIZE, listen, shoot
from tests.ui.serving import Server, serve
from tests.ui.test_appearance import AXE, SERIOUS
from tests.ui.waiting import at_rest

MULTI_TENANT = {"AXONIZE_AUTH_MODE": "multi_tenant", "AXONIZE_ADMIN_KEY": ADMIN_KEY}
REFUSED = "Failed to load resource: the server responded with a status of 40"

# The days of a tenant are counted when they are asked for the first time.
SLOW_MS = 120_000
SIZES = [(1440, 900), (390, 844)]
THEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    stay_today(for_s=900)
    with serve(tmp_path_factory.mktemp("shared"), **MULTI_TENANT) as server:
        manage(server.http, "POST", "", {"tenant_id": "acme", "name": "Acme Corporation"})
        manage(server.http, "PUT", "/acme/quota", {"max_spans_per_day": 300})
        manage(server.http, "POST", "", {"tenant_id": "globex", "name": "Globex"})
        key, _ = make_key(server.http, "acme", "ingest", "read")
        send(server.http, key, "traces", body(*map(span, range(1, 121))))
        yield server


@pytest.fixture
def visitor(browser: Browser, shared: Server) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=SIZE, base_url=shared.http, color_scheme="dark")
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(visitor: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    """A page of someone who has not logged in; only refusals may be complained about."""
    page = visitor.new_page()
    listen(page, complaints)
    yield page
    assert [each for each in complaints if not each.startswith(REFUSED)] == []


def open_settings(page: Page, path: str = "/settings") -> None:
    page.goto(path)
    page.get_by_label("Admin key").fill(ADMIN_KEY)
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_role("button", name="Leave administration")).to_be_visible()


def test_the_admin_key_opens_it_and_leaving_closes_it(page: Page, visitor: BrowserContext) -> None:
    page.goto("/settings")
    page.get_by_label("Admin key").fill("wrong")
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("not the admin key")
    open_settings(page)
    (cookie,) = visitor.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (
        "axonize_admin",
        True,
        "Strict",
    )
    page.reload()
    page.get_by_role("button", name="Leave administration").click()
    expect(page.get_by_label("Admin key")).to_be_visible()
    assert visitor.cookies() == []


def test_the_browser_has_nothing_to_say_to_who_has_not_logged_in(context: BrowserContext) -> None:
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/settings")
    page.get_by_label("Admin key").fill("a key")
    expect(page.get_by_role("button", name="Open", exact=True)).to_be_enabled()
    assert said == []


def test_usage_stands_beside_its_quota(page: Page) -> None:
    open_settings(page, "/settings?tenant=acme")
    usage = page.get_by_role("region", name="Usage")
    expect(usage).to_contain_text("Spans today120 of 300", timeout=SLOW_MS)
    expect(usage.get_by_role("listitem")).to_have_count(30)
    quota = page.get_by_role("region", name="Quota")
    quota.get_by_label("Most spans of a day").fill("120")
    quota.get_by_role("button", name="Save").click()
    expect(usage).to_contain_text("120 of 120")
    quota.get_by_label("Most spans of a day").fill("300")
    quota.get_by_role("button", name="Save").click()
    expect(usage).to_contain_text("120 of 300")


def test_a_key_is_shown_once_and_ends_when_it_is_revoked(page: Page, shared: Server) -> None:
    open_settings(page, "/settings?tenant=acme")
    page.get_by_role("button", name="New key").click()
    page.get_by_label("Name").fill("from the browser")
    page.get_by_role("checkbox", name="ingest send telemetry").uncheck()
    page.get_by_role("button", name="Make key").click()
    key = page.locator("dialog code").inner_text()
    assert ask(shared.http, "GET", "/api/v1/traces", key)[0] == 200
    page.get_by_role("button", name="I have it").click()
    expect(page.locator("dialog code")).to_have_count(0)
    row = page.get_by_role("row").filter(has_text="from the browser")
    expect(row).to_contain_text("read")
    assert key not in page.content()
    row.get_by_role("button", name="Revoke").click()
    row.get_by_role("button", name="for good").click()
    expect(row).to_contain_text("revoked")


def test_a_tenant_is_made_kept_suspended_and_deleted_when_its_name_is_typed(
    page: Page, shared: Server
) -> None:
    open_settings(page)
    page.get_by_role("button", name="New", exact=True).click()
    page.get_by_label("Id").fill("initech")
    page.get_by_role("button", name="Make tenant").click()
    expect(page).to_have_url(f"{shared.http}/settings?tenant=initech")
    retention = page.get_by_role("region", name="Retention")
    retention.get_by_label("Spans").fill("7")
    expect(retention).to_contain_text("What is older is removed")
    retention.get_by_role("button", name="Save").click()
    expect(retention.get_by_role("button", name="Save")).to_be_disabled()
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Spans", exact=True)).to_have_value("7")

    page.get_by_role("button", name="Delete…").click()
    confirm = page.get_by_role("button", name="Delete for good")
    page.get_by_label("Type initech to confirm").fill("initec")
    expect(confirm).to_be_disabled()
    page.get_by_label("Type initech to confirm").fill("initech")
    confirm.click()
    expect(page.get_by_role("link", name="initech")).to_have_count(0, timeout=SLOW_MS)
    assert "initech" not in str(manage(shared.http, "GET", ""))


def test_a_tenant_with_the_scope_manages_its_own_keys_alone(page: Page, shared: Server) -> None:
    key, _ = make_key(shared.http, "globex", "read", "admin")
    page.goto("/traces")
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("heading", name="globex")).to_be_visible()
    expect(page.get_by_role("region")).to_have_count(2)
    page.get_by_role("button", name="New key").click()
    page.get_by_role("button", name="Make key").click()
    expect(page.locator("dialog code")).to_contain_text("axo_")


def check(page: Page, name: str, width: int) -> None:
    """Check what is seen in both themes, and keep a picture of each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        assert at_rest(page).evaluate(SERIOUS) == []
        shoot(page, f"settings-{name}-{theme}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("size", SIZES, ids=["wide", "phone"])
def test_every_question_it_asks_is_in_reach_of_everyone(
    page: Page, shared: Server, size: tuple[int, int]
) -> None:
    width, height = size
    page.set_viewport_size({"width": width, "height": height})
    name = f"hooli-{width}"
    open_settings(page)
    page.get_by_role("button", name="New", exact=True).click()
    page.get_by_label("Id").fill(name)
    check(page, "new-tenant", width)
    page.get_by_role("button", name="Make tenant").click()
    expect(page).to_have_url(f"{shared.http}/settings?tenant={name}")
    expect(page.get_by_text("No keys yet")).to_be_visible()

    page.get_by_role("button", name="New key").click()
    page.get_by_label("Name").fill("a name that is a little longer than others")
    check(page, "new-key", width)
    page.get_by_role("button", name="Make key").click()
    key = page.locator("dialog code").inner_text()
    check(page, "key", width)
    page.get_by_role("button", name="I have it").click()
    assert ask(shared.http, "GET", "/api/v1/traces", key)[0] == 200
    row = page.get_by_role("row").filter(has_text="a name that is")
    row.get_by_role("button", name="Revoke").click()
    expect(row.get_by_role("button", name="for good")).to_be_in_viewport(ratio=1)
    check(page, "revoke", width)
    row.get_by_role("button", name="for good").click()
    expect(row).to_contain_text("revoked")

    quota = page.get_by_role("region", name="Quota")
    quota.get_by_label("Most spans of a day").fill("120")
    quota.get_by_role("button", name="Save").click()
    usage = page.get_by_role("region", name="Usage")
    expect(usage).to_contain_text("0 of 120", timeout=SLOW_MS)
    page.get_by_label("Engine steps", exact=True).fill("7")
    expect(page.get_by_text("What is older is removed")).to_be_visible()
    check(page, "limits", width)
    page.get_by_role("region", name="Retention").get_by_role("button", name="Save").click()

    page.get_by_role("button", name="Delete…").click()
    page.get_by_label(f"Type {name} to confirm").fill(name)
    check(page, "delete", width)
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("link", name=name)).to_have_count(0, timeout=SLOW_MS)
    page.get_by_role("button", name="Leave administration").click()
    expect(page.get_by_label("Admin key")).to_be_visible()


@pytest.mark.parametrize("size", SIZES, ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_is_in_reach_of_everyone(page: Page, theme: str, size: tuple[int, int]) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto("/settings")
    expect(page.get_by_label("Admin key")).to_be_visible()
    shoot(page, f"settings-log-in-{theme}-{size[0]}")
    open_settings(page, "/settings?tenant=acme")
    expect(page.get_by_role("region", name="Usage")).to_contain_text("120 of 300", timeout=SLOW_MS)
    expect(page.get_by_role("row")).not_to_have_count(0)
    width = at_rest(page).evaluate("document.documentElement.scrollWidth")
    assert width <= size[0], "nothing makes the page scroll sideways"
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert at_rest(page).evaluate(SERIOUS) == []
    shoot(page, f"settings-{theme}-{size[0]}")
