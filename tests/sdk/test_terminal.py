"""Colours for a terminal that wants them, plain text for everything else."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import TextIO

import pytest

from axonize.terminal import BOLD, Style


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    leader, follower = os.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as stream:
        yield stream
    os.close(leader)


def test_a_terminal_gets_colours_and_signs(terminal: TextIO) -> None:
    style = Style.of(terminal)
    assert style.paint("word", BOLD) == "\x1b[1mword\x1b[0m"
    assert [style.mark(level) for level in ("good", "note", "bad")] == [
        "\x1b[32m✓\x1b[0m",
        "\x1b[33m•\x1b[0m",
        "\x1b[31m✗\x1b[0m",
    ]
    assert style.arrow == "→"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_may_refuse_colours(
    terminal: TextIO, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert Style.of(terminal) == Style(colour=False, unicode=True)


def test_a_file_gets_plain_text_in_what_it_can_encode() -> None:
    style = Style.of(io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert style == Style(colour=False, unicode=False)
    assert (style.mark("good"), style.mark("bad"), style.arrow) == ("ok", "!!", "->")
