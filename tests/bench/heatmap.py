"""Frames while someone works with the heatmap of 50 000 requests: `python -m tests.bench.heatmap`.

A real server, headless Chromium without a GPU. A frame is the time between two callbacks of
requestAnimationFrame; 60 Hz is 16.7 ms.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page

from tests.ui.chromium import open_chromium
from tests.ui.seeding import Seeder
from tests.ui.serving import serve

REQUESTS = 50_000
ROUNDS = 6

RECORD = """() => {
    const frames = (window.frames_ = []);
    let last = performance.now();
    const next = now => { frames.push(now - last); last = now; window.going_ = requestAnimationFrame(next); };
    window.going_ = requestAnimationFrame(next);
}"""  # noqa: E501
STOP = "() => { cancelAnimationFrame(window.going_); return window.frames_.slice(2); }"


def fill(http: str) -> None:
    seeder = Seeder(http)
    source = np.random.default_rng(1)
    lengths = np.exp(source.normal(np.log(600), 0.9, REQUESTS))
    for number in range(REQUESTS):
        seeder.span("POST /v1/chat", -3_400_000 + number * 68, float(lengths[number]))
    seeder.send()


def drag(page: Page, chart: Locator) -> None:
    """Drag a box over the whole chart, and let it go where it began."""
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.down()
    for step in range(60):
        share = step / 60
        page.mouse.move(box["x"] + 20 + share * (box["width"] - 40), box["y"] + 10 + share * 120)
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.up()


def zoom(page: Page, _: Locator) -> None:
    """Zoom in and out by keys; each step asks the server again and draws what it answers."""
    for key in ("+", "+", "a", "d", "-", "-"):
        page.keyboard.press(key)
        page.wait_for_timeout(250)


def scroll(page: Page, _: Locator) -> None:
    page.locator("[data-scroll-restoration-id=traces]").hover()
    for _step in range(40):
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(16)


def frames(page: Page, work: Callable[[], None]) -> list[float]:
    page.evaluate(RECORD)
    work()
    found: list[float] = page.evaluate(STOP)
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as server:
        fill(server.http)
        with open_chromium() as browser:
            page = browser.new_page(base_url=server.http, viewport={"width": 1440, "height": 900})
            page.goto("/traces")
            chart = page.get_by_role("application")
            chart.wait_for()
            page.wait_for_timeout(2_000)
            print(f"{'':<12}{'frames':>8}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
            for name, work in (("drag a box", drag), ("zoom", zoom), ("scroll", scroll)):
                found = [
                    each
                    for _ in range(ROUNDS)
                    for each in frames(page, lambda work=work: work(page, chart))  # type: ignore[misc]
                ]
                p50, p95 = np.percentile(found, [50, 95])
                print(f"{name:<12}{len(found):>8}{p50:>9.1f}{p95:>9.1f}{max(found):>9.1f}")


if __name__ == "__main__":
    main()
