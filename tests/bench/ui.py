"""What the UI takes to open and to move: `python -m tests.bench.ui [--traces N]`.

A real server on a store with a million traces, 50,000 of the last hour, one of 20,000 and one of
100,000 spans, and headless Chromium without a GPU, which shows 60 frames a second at most: 16.7 ms
is the best there is.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from axonize_server.settings import ServerSettings
from axonize_server.store.clickhouse.minutes.rollup import MinuteRollup
from axonize_server.store.clickhouse.traces.rollup import TraceRollup
from axonize_server.store.databases import Databases
from playwright.sync_api import Browser, Locator, Page, ViewportSize

from tests.ui.chromium import open_chromium
from tests.ui.serving import Server, serve

STATIC = Path(__file__).parents[2] / "server/axonize_server/static"
SIZE: ViewportSize = {"width": 1440, "height": 900}
HOUR_NS = 3_600_000_000_000
CHUNK = 250_000
ROUNDS = 5
FRAMES = 120
LARGE, HUGE, HOUR = 20_000, 100_000, 50_000

# One span a trace: what a list costs does not depend on the rest of them.
MANY = """
INSERT INTO spans (
    tenant_id, ingested_at, trace_id, span_id, name, kind, service_name, start_time, end_time,
    status, model, input_tokens, output_tokens, ttft_ms
)
SELECT
    'default', fromUnixTimestamp64Milli(intDiv(started, 1000000) + 1500), MD5(toString(number)),
    reinterpret(cityHash64(number), 'FixedString(8)'), 'POST /v1/chat/completions', 'server',
    concat('gateway-', toString(number % 7)), fromUnixTimestamp64Nano(started, 'UTC'),
    fromUnixTimestamp64Nano(started + toInt64(pow(10, 6 + number % 1000 / 300)), 'UTC'),
    if(number % 50 = 0, 'error', 'ok'), 'llama-3-70b', number % 4000, number % 800, number % 400
FROM (
    SELECT number, {from_ns:Int64} + number * {step_ns:Int64} AS started
    FROM numbers({first:UInt64}, {count:UInt64})
)
"""

# A batch: requests that overlap, each with 39 steps.
ONE = """
INSERT INTO spans (
    tenant_id, ingested_at, trace_id, span_id, parent_span_id, name, kind, service_name,
    start_time, end_time, status
)
WITH
    intDiv(number - 1, 40) AS request, (number - 1) % 40 AS step,
    toFixedString(unhex(leftPad(hex({trace:UInt64}), 32, '0')), 16) AS trace,
    {from_ns:Int64} + if(number = 0, 0, request * {step_ns:Int64} + step * 2500000) AS started
SELECT
    'default', fromUnixTimestamp64Milli(intDiv({from_ns:Int64}, 1000000) + 1500), trace,
    reinterpret(number + 1, 'FixedString(8)'),
    multiIf(
        number = 0, toFixedString('', 8), step = 0, reinterpret(toUInt64(1), 'FixedString(8)'),
        reinterpret(toUInt64(request * 40 + 2), 'FixedString(8)')
    ),
    multiIf(
        number = 0, 'batch inference job', step = 0, concat('request ', toString(request)),
        concat('step ', toString(request), '.', toString(step))
    ),
    'internal', if(number = 0, 'scheduler', concat('engine-', toString(request % 4))),
    fromUnixTimestamp64Nano(started, 'UTC'),
    fromUnixTimestamp64Nano(
        started + multiIf(
            number = 0, intDiv({count:UInt64}, 40) * {step_ns:Int64} + 100000000,
            step = 0, 100000000, 2000000
        ), 'UTC'
    ),
    if(number % 4999 = 4998, 'error', 'unset')
FROM numbers({count:UInt64})
"""

PAINTED = """selector => { window.painted = new Promise(resolve => {
    const look = () => document.querySelector(selector)
        ? requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())))
        : requestAnimationFrame(look);
    requestAnimationFrame(look);
    setTimeout(() => resolve(-1), 120_000);
}); }"""

# The times between frames while something else works, ms.
RECORD = """() => {
    const times = (window.times = []);
    const next = now => { times.push(now); window.next = requestAnimationFrame(next); };
    window.next = requestAnimationFrame(next);
}"""
STOP = """() => {
    cancelAnimationFrame(window.next);
    return window.times.slice(1).map((time, at) => time - window.times[at]);
}"""

# One movement a frame; the times between frames, ms.
MOVE = """async ([selector, how, count]) => {
    let element = document.querySelector(selector);
    const scrolls = each => /auto|scroll/.test(getComputedStyle(each).overflowY);
    while (!scrolls(element)) element = element.parentElement;
    const box = element.getBoundingClientRect();
    const wheel = more => element.dispatchEvent(new WheelEvent("wheel", {
        bubbles: true, cancelable: true, clientX: box.left + box.width * 0.7,
        clientY: box.top + box.height / 2, ...more}));
    const moves = {
        scroll: () => { element.scrollTop += 600; },
        list: () => { element.scrollTop += 120; },
        zoom: at => wheel({ctrlKey: true, deltaY: at % 60 < 30 ? -60 : 60}),
        pan: at => wheel({shiftKey: true, deltaY: at % 60 < 30 ? 40 : -40}),
    };
    const times = [];
    for (let at = 0; at <= count; at++) {
        times.push(await new Promise(requestAnimationFrame));
        moves[how](at);
    }
    return times.slice(1).map((time, at) => time - times[at]);
}"""


def fill(folder: str, traces: int, now_ns: int) -> None:
    """Make the store; in a process of its own, because an embedded ClickHouse has one opener."""
    databases = Databases(ServerSettings(data_dir=folder))
    older, hour = 20 * HOUR_NS // traces, HOUR_NS * 57 // 60 // HOUR
    try:
        with databases.writing.client() as client:
            for first in range(0, traces, CHUNK):
                count = min(CHUNK, traces - first)
                from_ns = now_ns - 22 * HOUR_NS
                parameters = {
                    "from_ns": from_ns, "step_ns": older, "first": first, "count": count,
                }  # fmt: skip
                client.command(MANY, parameters=parameters)
            from_ns = now_ns - HOUR_NS * 58 // 60 - traces * hour
            parameters = {"from_ns": from_ns, "step_ns": hour, "first": traces, "count": HOUR}
            client.command(MANY, parameters=parameters)
            for trace, count, step in ((LARGE, LARGE, 15_000_000), (HUGE, HUGE, 3_000_000)):
                parameters = {
                    "from_ns": now_ns - HOUR_NS // 2, "trace": trace, "count": count,
                    "step_ns": step,
                }  # fmt: skip
                client.command(ONE, parameters=parameters)
        TraceRollup(databases.rolling_up).catch_up()
        MinuteRollup(databases.rolling_up).catch_up()
    finally:
        databases.close()


def initial_js(page: Page, server: Server) -> tuple[int, int]:
    """Return the bytes of JS that the first page needs, compressed by gzip, and what came."""
    page.goto(f"{server.http}/traces")
    page.locator("tr[data-trace]").first.wait_for()
    loaded = page.evaluate(
        """() => performance.getEntriesByType("resource")
            .filter(each => each.name.endsWith(".js"))
            .map(each => [new URL(each.name).pathname, each.transferSize])"""
    )
    files = {path for path, _ in loaded}
    size = sum(len(gzip.compress((STATIC / path.lstrip("/")).read_bytes(), 9)) for path in files)
    return size, sum(came for _, came in loaded)


def opened(browser: Browser, url: str, selector: str) -> tuple[Page, float]:
    """Open a page with nothing cached; return it, and ms from navigation until it was painted."""
    page = browser.new_context(viewport=SIZE, color_scheme="dark").new_page()
    page.add_init_script(f"({PAINTED})({selector!r})")
    page.goto(url, wait_until="commit")
    painted = float(page.evaluate("window.painted"))
    if painted < 0:
        raise SystemExit(f"{url} shows no {selector} within two minutes")
    return page, painted


def report(name: str, values: list[float]) -> None:
    ordered = sorted(values)
    p95 = ordered[int(len(ordered) * 0.95)]
    middle = statistics.median(ordered)
    print(f"{name:<34}{middle:>9.1f}{p95:>9.1f}{ordered[-1]:>9.1f}{len(ordered):>6}")


def measure(browser: Browser, server: Server) -> None:
    page = browser.new_context(viewport=SIZE).new_page()
    size, came = initial_js(page, server)
    print(f"first load: {size / 1000:.1f} kB of JS by gzip, {came / 1000:.1f} kB came")
    print(f"{'ms':<34}{'p50':>9}{'p95':>9}{'max':>9}{'n':>6}")
    row, chart = "[role=treeitem]", "canvas[role=img][width]"
    views = (
        ("20,000 spans, tree", LARGE, "", row, ("scroll", "zoom", "pan")),
        ("20,000 spans, flame", LARGE, "?as=flame", chart, ("zoom", "pan")),
        ("100,000 spans, flame", HUGE, "?as=flame", chart, ("zoom", "pan", "scroll")),
    )
    for name, trace, search, selector, moves in views:
        url = f"{server.http}/traces/{trace:032x}{search}"
        times = []
        for _ in range(ROUNDS):
            page, painted = opened(browser, url, selector)
            times.append(painted)
            page.wait_for_timeout(1500)
            if len(times) < ROUNDS:
                page.context.close()
        report(f"{name}: painted", times)
        for how in moves:
            report(f"{name}: {how}", frames(page, selector, how))
        page.context.close()
    times = []
    for _ in range(ROUNDS):
        page, painted = opened(browser, f"{server.http}/traces?range=24h", "tr[data-trace]")
        times.append(painted)
        page.wait_for_timeout(1000)
        if len(times) < ROUNDS:
            page.context.close()
    report("list of all traces: painted", times)
    report("list of all traces: scroll", frames(page, "tr[data-trace]", "list", 4 * FRAMES))
    shown = page.locator("tr[data-trace]").last.get_attribute("data-row")
    print(f"the list was scrolled to row {shown}")
    page.context.close()


def measure_heatmap(browser: Browser, server: Server) -> None:
    page = browser.new_context(viewport=SIZE, base_url=server.http).new_page()
    page.goto("/traces")
    chart = page.get_by_role("application")
    chart.wait_for()
    page.wait_for_timeout(2000)
    for name, work in (("drag a box", drag), ("zoom by keys", zoom)):
        page.evaluate(RECORD)
        for _ in range(3):
            work(page, chart)
        report(f"heatmap of 50,000: {name}", [float(each) for each in page.evaluate(STOP)])
    page.context.close()


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
    """Zoom in and out; each step asks the server again and draws what it answers."""
    for key in ("+", "+", "a", "d", "-", "-"):
        page.keyboard.press(key)
        page.wait_for_timeout(250)


def frames(page: Page, selector: str, how: str, count: int = FRAMES) -> list[float]:
    found: list[Any] = page.evaluate(MOVE, [selector, how, count])
    return [float(each) for each in found]


def main(options: argparse.Namespace) -> None:
    print(f"load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        arguments = (folder, options.traces, time.time_ns())
        filling = multiprocessing.get_context("spawn").Process(target=fill, args=arguments)
        filling.start()
        filling.join()
        if filling.exitcode:
            raise SystemExit("the store was not filled")
        with serve(Path(folder)) as server, open_chromium() as browser:
            measure(browser, server)
            measure_heatmap(browser, server)
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=1_000_000)
    main(parser.parse_args())
