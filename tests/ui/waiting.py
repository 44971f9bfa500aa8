"""Waiting until a page has done what it was asked, for what no `expect` of Playwright can see."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from playwright.sync_api import Page, Request

WITHIN_S = 60.0
Found = TypeVar("Found")

# Nothing is left to do, nothing says that it waits, and nothing moves that ever comes to an end. A
# page that draws nothing may never be idle, nor have another frame: it is looked at as it is.
CALM = """() => new Promise(done => {
    const look = () => done(!document.querySelector("[aria-busy=true]")
        && document.getAnimations().every(each => each.playState !== "running"
            || each.effect.getComputedTiming().endTime === Infinity))
    requestIdleCallback(() => requestAnimationFrame(look))
    setTimeout(look, 1000)
})"""

_asked: WeakKeyDictionary[Page, set[Request]] = WeakKeyDictionary()


def watch(page: Page) -> None:
    """Note what a page asks for from now on, and what has been answered."""
    asked: set[Request] = set()
    _asked[page] = asked
    page.on("request", lambda request: asked.add(request))
    for end in ("requestfinished", "requestfailed"):
        page.on(end, lambda request: asked.discard(request))  # type: ignore[call-overload]


def at_rest(page: Page) -> Page:
    """Return the page, which is watched, once it waits for no answer, and nothing moves."""
    by, calm = time.monotonic() + WITHIN_S, 0
    while calm < 2:  # what has come may have led to the next question
        assert time.monotonic() < by, [each.url for each in _asked[page]] or "something moves"
        calm = calm + 1 if not _asked[page] and page.evaluate(CALM) else 0
        page.wait_for_timeout(50)
    return page


# How far what was seen has moved by itself since the page was opened; 0.1 is what people notice.
MOVED = """() => new Promise(done => {
    let sum = 0
    const add = each => { sum += each.hadRecentInput ? 0 : each.value }
    new PerformanceObserver(list => list.getEntries().forEach(add))
        .observe({type: "layout-shift", buffered: true})
    setTimeout(() => done(sum), 300)
})"""
STILL = 0.05


def soon(page: Page, read: Callable[[], Found], fits: Callable[[Found], bool]) -> Found:
    """Return what is read of a page, once it fits."""
    by = time.monotonic() + WITHIN_S
    while not fits(found := read()):
        assert time.monotonic() < by, found
        page.wait_for_timeout(100)
    return found
