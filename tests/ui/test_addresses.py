"""Every page with all of its state: in the address, restored in a new browser and by Back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import ROOT, SIZE, listen
from tests.ui.costs import seed_costs
from tests.ui.gpus import WHOLE
from tests.ui.seeding import Seeded, seed, trace_id
from tests.ui.serving import Server, serve
from tests.ui.test_overview import seed_hour
from tests.ui.test_traces import heading
from tests.ui.waiting import at_rest

WITHIN_S = 120.0
# With the clock; a day is named unless it is today.
AGO, EDGE, DAY = (
    r"just now|\d+ (?:s|min|h|d) ago",
    "(?:from|to)=20[^&]+",
    r"[A-Z][a-z]{2} \d+ (?=\d\d:)",
)
MOVES = re.compile(f"{AGO}|{EDGE}|{DAY}")

Step = Callable[[Page], object]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Seeded, str]]:
    """A server with something on every page, and a range of time in which nothing changes."""
    with serve(tmp_path_factory.mktemp("addresses")) as server:
        seed_hour(server.http)
        seed_costs(server.http)
        seeded = seed(server.http)
        now = datetime.now(timezone.utc)
        ends = [now - timedelta(minutes=50), now + timedelta(minutes=1)]
        start, end = [f"{each:%Y-%m-%dT%H:%M:%S}.000Z" for each in ends]
        yield server, seeded, f"from={start}&to={end}"


def click(role: str, name: str | re.Pattern[str]) -> Step:
    return lambda page: page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]


def press(key: str) -> Step:
    return lambda page: page.keyboard.press(key)


def pick(label: str, option: str | re.Pattern[str]) -> Step:
    def step(page: Page) -> None:
        page.get_by_role("button", name=re.compile(f"^{label}")).first.click()
        page.get_by_role("option", name=option, exact=True).click()

    return step


def write(label: str, text: str) -> Step:
    def step(page: Page) -> None:
        field = page.get_by_label(label).first
        field.fill(text)
        field.press("Enter")

    return step


def last(length: str) -> Step:
    def step(page: Page) -> None:
        page.get_by_role("button", name=re.compile("^Time range")).click()
        page.get_by_role("button", name=length, exact=True).click()

    return step


def show_column(name: str) -> Step:
    def step(page: Page) -> None:
        page.get_by_role("button", name="Columns").click()
        page.get_by_label(name, exact=True).check()
        page.keyboard.press("Escape")

    return step


SMALL = re.compile("small-0$")  # after the name of its model

# Settings keep whose they are, which tests/ui/test_settings.py looks at; Health has no state. A
# list that is followed live is not the same twice: tests/ui/test_traces.py.
ELSEWHERE = {"/settings", "/health"}
WALKS: dict[str, tuple[str, list[Step]]] = {
    "/": ("/?RANGE", [pick("Service", "front"), pick("Model", "small"), press("+")]),
    "/traces": (
        "/traces?RANGE",
        [
            pick("Service", "front"),
            lambda page: heading(page, "Duration").click(),
            show_column("Trace id"),
            last("Last 24 hours"),
        ],
    ),
    "/traces/$traceId": (
        "/traces/TRACE",
        [
            lambda page: page.get_by_role("treeitem").nth(3).click(),
            press("f"),
            press("w"),
            press("c"),
            press("v"),
            write("Search spans", "prefill"),
        ],
    ),
    "/models": (
        "/models?RANGE",
        [pick("Service", "chat-server"), click("button", "E2E p95")],
    ),
    "/gpus": ("/gpus?RANGE", [last("Last 6 hours")]),
    "/gpus/$uuid": (f"/gpus/{WHOLE}?RANGE", [press("+"), press("a")]),
    "/engines": ("/engines?RANGE", [pick("Engine", SMALL), press("j"), press("j")]),
    "/cost": ("/cost?RANGE", [click("button", "GPU"), last("Last 24 hours")]),
}


def state(page: Page) -> str:
    """What the page says to those who hear it, without what is another each second."""
    return MOVES.sub("", page.locator("main").aria_snapshot())


def settle(page: Page) -> str:
    """Return the state once it stays the same."""
    by, before = time.monotonic() + WITHIN_S, ""
    while (now := state(at_rest(page))) != before:
        assert time.monotonic() < by
        before = now
        page.wait_for_timeout(500)  # what is typed is asked for a moment later
    return now


def visit(page: Page) -> tuple[str, str]:
    """Return the address and the state, once both stay the same."""
    now = settle(page)
    return page.url, now


def is_as(page: Page, wanted: str) -> None:
    by = time.monotonic() + WITHIN_S
    while state(page) != wanted and time.monotonic() < by:
        page.wait_for_timeout(200)
    assert state(page).splitlines() == wanted.splitlines()


@pytest.mark.parametrize("route", WALKS)
def test_a_page_is_restored_from_its_address(
    browser: Browser, filled: tuple[Server, Seeded, str], complaints: list[str], route: str
) -> None:
    server, seeded, stretch = filled
    address, steps = WALKS[route]
    contexts = [browser.new_context(viewport=SIZE, base_url=server.http) for _ in range(2)]
    page, other = [context.new_page() for context in contexts]
    listen(page, complaints)
    listen(other, complaints)
    page.goto(address.replace("RANGE", stretch).replace("TRACE", trace_id(seeded.chat)))
    visited = [visit(page)]
    for step in steps:
        length, address = page.evaluate("history.length"), page.url
        step(page)
        expect(page).not_to_have_url(address)
        now = visit(page)
        if page.evaluate("history.length") == length:  # it took the place of the one before
            visited.pop()
        visited.append(now)

    other.goto(page.url)
    is_as(other, visited[-1][1])
    for url, before in reversed(visited[:-1]):
        page.go_back()
        expect(page).to_have_url(url)
        is_as(page, before)
    for context in contexts:
        context.close()
    assert complaints == []


def test_every_page_is_walked() -> None:
    routes = re.findall(r'path: "([^"]+)"', (ROOT / "ui/src/app.tsx").read_text(encoding="utf-8"))
    assert set(routes) == WALKS.keys() | ELSEWHERE
