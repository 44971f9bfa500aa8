"""A trace of 20,001 spans, opened here and in Phoenix's UI: `python -m tests.bench.ui_beside`.

Both take it by OTLP and show it in the same headless Chromium, in turns. AXONIZE_BENCH_PHOENIX
names the folder of Phoenix's programs. Phoenix opens a trace with 1000 of its spans and a button
for 1000 more, so what is measured there is a twentieth of it; how far the button comes in a minute
is told by itself.
"""

from __future__ import annotations

import math
import os
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as Late

from tests.bench import peers
from tests.bench.ui import SIZE, frames, report
from tests.ui.chromium import open_chromium
from tests.ui.seeding import Seeder, batch, trace_id
from tests.ui.serving import serve

ROUNDS = 5
SPANS = 20_001
WAIT_S = 180
MORE_S = 60
QUIET_MS = 1000

# When rows are on the screen, and when the last long task (50 ms) after that had ended, ms; a page
# that never rests counts for half a minute.
OPENED = """([selector, quietMs]) => {
    let ended = 0;
    new PerformanceObserver(list => {
        for (const each of list.getEntries()) ended = each.startTime + each.duration;
    }).observe({type: "longtask", buffered: true});
    const settle = (painted, resolve) => {
        const quiet = Math.max(painted, ended);
        const now = performance.now();
        if (now - quiet > quietMs || now - painted > 30 * quietMs) resolve([painted, quiet]);
        else setTimeout(settle, 50, painted, resolve);
    };
    window.opened = new Promise(resolve => {
        const look = () => document.querySelector(selector)
            ? requestAnimationFrame(() => requestAnimationFrame(now => settle(now, resolve)))
            : requestAnimationFrame(look);
        requestAnimationFrame(look);
    });
}"""


class Viewer(NamedTuple):
    """A page that shows a trace, and the rows that it shows of it."""

    name: str
    url: str
    row: str


def opened(browser: Browser, viewer: Viewer) -> tuple[Page, float, float]:
    """Open with nothing cached; return the page, and ms until rows are seen and it is quiet.

    Raises TimeoutError of playwright when no row is seen within WAIT_S.
    """
    page = browser.new_context(viewport=SIZE, color_scheme="dark").new_page()
    page.set_default_timeout(WAIT_S * 1000)
    page.add_init_script(f"({OPENED})([{viewer.row!r}, {QUIET_MS}])")
    page.goto(viewer.url, wait_until="commit")
    page.locator(viewer.row).first.wait_for()
    painted, quiet = page.evaluate("window.opened")
    return page, painted, quiet


def look(browser: Browser, viewer: Viewer) -> tuple[tuple[float, float], list[float]]:
    """Open and scroll once; what is not seen in time is never seen."""
    try:
        page, painted, quiet = opened(browser, viewer)
    except Late:
        print(f"{viewer.name} shows no span within {WAIT_S} s")
        return (math.inf, math.inf), []
    between = frames(page, viewer.row, "list")
    page.context.close()
    return (painted, quiet), between


def compare(browser: Browser, viewers: tuple[Viewer, ...]) -> None:
    seen: dict[str, list[tuple[float, float]]] = {viewer.name: [] for viewer in viewers}
    moved: dict[str, list[float]] = {viewer.name: [] for viewer in viewers}
    for _ in range(ROUNDS):
        for viewer in viewers:
            times, between = look(browser, viewer)
            seen[viewer.name].append(times)
            moved[viewer.name] += between
    print(f"{'ms':<34}{'p50':>9}{'p95':>9}{'max':>9}{'n':>6}")
    for name, times in seen.items():
        report(f"{name}: rows painted", [painted for painted, _ in times])
        report(f"{name}: and quiet", [quiet for _, quiet in times])
        report(f"{name}: scroll, 120 px a frame", moved[name] or [math.inf])
    for at, what in enumerate(("rows painted", "and quiet")):
        ours, theirs = (statistics.median(each[at] for each in seen[v.name]) for v in viewers)
        print(f"{what}: {viewers[1].name} / {viewers[0].name} = {theirs / ours:.1f}")


def load_more(browser: Browser, phoenix: Viewer) -> None:
    """Press Phoenix's button until it has the whole trace, or for a minute."""
    page, _, _ = opened(browser, phoenix)
    button = page.get_by_role("button", name="Load More")
    said = page.get_by_text(re.compile(r"^Viewing \d+ of"))
    print(f"Phoenix, opened: {said.inner_text()}")
    begin = time.monotonic()
    while (left_s := begin + MORE_S - time.monotonic()) > 0 and button.count():
        try:
            button.click(timeout=1000 * left_s)
        except Late:
            break
        page.wait_for_timeout(500)
    text = said.inner_text() if said.count() else f"all {SPANS} spans"
    print(f"Phoenix, more for {time.monotonic() - begin:.0f} s: {text}")
    page.context.close()


def address(browser: Browser, url: str, row: str) -> str:
    """Return where a trace's link of Phoenix leads, so that the way there is not measured."""
    page, _, _ = opened(browser, Viewer("Phoenix", url, row))
    found = page.url
    page.context.close()
    return found


def wait_for_spans(database: Path) -> None:
    """Return once Phoenix has stored the trace; it answers before."""
    deadline = time.monotonic() + WAIT_S
    while (found := peers.spans_in(database)) < SPANS:
        if time.monotonic() > deadline:
            raise SystemExit(f"Phoenix has stored {found} spans of {SPANS}")
        time.sleep(1)


def main() -> None:
    if not peers.PHOENIX.programs:
        print(f"left out: {peers.PHOENIX.variable} names no folder of Phoenix's programs")
        return
    print(f"load average {os.getloadavg()[0]:.1f}")
    with (
        tempfile.TemporaryDirectory() as ours,
        tempfile.TemporaryDirectory() as theirs,
        serve(Path(ours)) as server,
        peers.running(peers.PHOENIX, Path(theirs)) as other,
        open_chromium() as browser,
    ):
        seeder = Seeder(server.http)
        root, _ = batch(seeder)
        seeder.send(other.http)
        wait_for_spans(Path(theirs) / peers.PHOENIX.database)
        row = ".span-node-wrap:not(:has(.skeleton))"
        link = f"{other.http}/redirects/traces/{trace_id(root)}"
        phoenix = Viewer("Phoenix", address(browser, link, row), row)
        axonize = Viewer("Axonize", f"{server.http}/traces/{trace_id(root)}", "[role=treeitem]")
        compare(browser, (axonize, phoenix))
        load_more(browser, phoenix)
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
