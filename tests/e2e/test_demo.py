"""The main job: `axonize demo`, and its slowest trace opened in a browser from the list."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.ui.chromium import open_chromium
from tests.ui.conftest import BUILT, SIZE, listen, shoot

REQUESTS = 12


@dataclass(frozen=True)
class Demo:
    """A demo that has shown its table and stays up."""

    output: str
    http: str
    slowest: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, tiny_llama: Path) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    (folder / tiny_llama.name).symlink_to(tiny_llama)
    command = [sys.executable, "-m", "axonize", "demo", "--requests", str(REQUESTS)]
    process = subprocess.Popen(
        [*command, "--data-dir", str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    output = ""
    for line in process.stdout:
        output += line
        if "Ctrl-C" in line:
            break
    try:
        address = re.search(r"(http://[\d.:]+)/traces/(\w{32})", output)
        assert address, output
        yield Demo(output, *address.groups())
    finally:
        process.terminate()
        process.stdout.close()
        assert process.wait(240) == 0


def test_the_demo_reads_every_trace_back(demo: Demo) -> None:
    assert f"{REQUESTS} answered of {REQUESTS}" in demo.output
    assert f"{REQUESTS} of {REQUESTS}" in demo.output
    for row in ("Time to first token", "Tokens per second", "Slowest trace", "All traces"):
        assert row in demo.output


def test_once_ends_by_itself(tmp_path: Path, tiny_llama: Path) -> None:
    (tmp_path / tiny_llama.name).symlink_to(tiny_llama)
    command = [sys.executable, "-m", "axonize", "demo", "--once", "--requests", "2"]
    result = subprocess.run(
        [*command, "--data-dir", str(tmp_path)], capture_output=True, text=True, timeout=600
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "2 of 2" in result.stdout


def test_the_slowest_trace_opens_from_the_list(demo: Demo) -> None:
    if not BUILT.is_file():
        return check_the_page_says_how_to_build_the_ui(demo)
    with open_chromium() as browser:
        page = browser.new_context(viewport=SIZE, base_url=demo.http).new_page()
        complaints: list[str] = []
        listen(page, complaints)
        open_slowest(page, demo)
        shoot(page, "demo-slowest-trace")
        spans = page.get_by_role("treeitem")
        names = [text.split("\n")[0] for text in spans.all_inner_texts()]
    assert names == ["POST /v1/completions", "text_completion tiny-llama", "prefill", "decode"]
    assert complaints == []
    return None


def open_slowest(page: Page, demo: Demo) -> None:
    page.goto("/traces?sort=-duration")
    page.locator(f'a[href*="{demo.slowest}"]').first.click()
    expect(page).to_have_url(re.compile(demo.slowest))
    expect(page.get_by_text("decode", exact=True)).to_be_visible()


def check_the_page_says_how_to_build_the_ui(demo: Demo) -> None:
    with open_chromium() as browser:
        page = browser.new_page()
        page.goto(demo.http)
        expect(page.get_by_text("npm run build")).to_be_visible()
