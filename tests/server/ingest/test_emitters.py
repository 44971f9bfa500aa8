"""The table of emitters is whole, agrees with itself, and is what the documentation says."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from axonize_server.ingest.emitters import EMITTERS, SECONDS
from axonize_server.ingest.promoted import SPAN_COLUMNS, Key

PAGE = Path(__file__).parents[3] / "docs" / "emitters.md"
READS = [(emitter, read) for emitter in EMITTERS for read in emitter.reads]


def render(emitter) -> str:
    """Return the section of the documentation about an emitter."""
    cells: dict[str, list[str]] = {}
    for read in emitter.reads:
        cells.setdefault(read.column, []).append(f"`{read.key}`" + " (s)" * (read.scale == SECONDS))
    rows = [f"| `{column}` | {', '.join(keys)} |" for column, keys in cells.items()]
    return "\n".join([f"### {emitter.name}", "", "| column | from |", "| --- | --- |", *rows])


@pytest.mark.parametrize("emitter", EMITTERS, ids=lambda emitter: emitter.name)
def test_documentation_is_the_table(emitter):
    assert render(emitter) + "\n" in PAGE.read_text()


def test_every_read_is_of_a_column():
    columns = {column.name: column.keys for column in SPAN_COLUMNS}
    assert {read.column for _, read in READS} == set(columns)
    assert all(Key(read.key, read.scale) in columns[read.column] for _, read in READS)


def test_a_column_has_a_key_once():
    for column in SPAN_COLUMNS:
        names = [key.name for key in column.keys]
        assert len(names) == len(set(names)), column.name


@pytest.mark.parametrize("emitter", EMITTERS, ids=lambda emitter: emitter.name)
def test_what_an_emitter_prefers_is_what_wins(emitter):
    order = {
        (column.name, key.name): place
        for column in SPAN_COLUMNS
        for place, key in enumerate(column.keys)
    }
    for first, second in pairwise(emitter.reads):
        if first.column == second.column:
            assert order[first.column, first.key] < order[second.column, second.key]
