"""The examples run as their page says, and what they promise to show arrives."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integrations.collector import Collector, collecting
from tests.integrations.tiny_llama import save_tiny_llama

EXAMPLES = Path(__file__).parents[2] / "examples"
INSTRUMENT = (sys.executable, "-m", "axonize.instrument", "--service-name", "chat")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


def run(collector: Collector, folder: Path, *command: str) -> str:
    environ = {name: text for name, text in os.environ.items() if not name.startswith("AXONIZE_")}
    environ |= {"AXONIZE_ENDPOINT": collector.address, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_manual_spans(collector: Collector, tmp_path: Path) -> None:
    program = str(EXAMPLES / "manual_spans.py")
    assert run(collector, tmp_path, sys.executable, program).startswith("A trace is all spans")
    ((question,),) = collector.roots().values()
    retrieve, rank, check, chat = sorted(question.children, key=lambda each: each.start_ns)
    assert sorted(each.name for each in retrieve.children) == ["search keywords", "search vectors"]
    assert (rank.name, check.name, chat.name) == ("rank", "check", "chat parrot")
    assert check.status == 2
    assert [name for name, _ in question.events] == ["unchecked"]
    assert chat["gen_ai.usage.output_tokens"] == 8
    assert chat["axonize.ttft_ms"] < chat.duration_ms
    assert question.resource["service.name"] == "questions"


def test_transformers(collector: Collector, tmp_path: Path) -> None:
    save_tiny_llama(tmp_path / "tiny")
    program = str(EXAMPLES / "transformers_generate.py")
    assert run(collector, tmp_path, *INSTRUMENT, sys.executable, program, "tiny").count("->") == 2
    calls = collector.named("text_completion tiny")
    assert [each["gen_ai.usage.output_tokens"] for each in calls] == [24, 24]
    for call in calls:
        names = {each.name for each in collector.spans if each.parent_span_id == call.span_id}
        assert names >= {"prefill", "decode"}


def test_the_page_names_every_program_and_no_other() -> None:
    page = (EXAMPLES / "README.md").read_text()
    programs = {path.name for path in EXAMPLES.glob("*.py")}
    assert set(re.findall(r"^\| `(\w+\.py)`", page, re.MULTILINE)) == programs
    for program, command in re.findall(r"^\| `(\w+\.py)` \|.*\| `([^`]+)` \|$", page, re.MULTILINE):
        assert f"examples/{program}" in command
