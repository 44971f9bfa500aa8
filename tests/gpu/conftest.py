"""Collects what the tests find, for the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gpu.machine import describe
from tests.gpu.report import Row, write


@pytest.fixture(scope="session")
def rows() -> Iterator[list[Row]]:
    """Collect results, and write them when all is done."""
    found: list[Row] = []
    yield found
    if found:
        write(describe(), found)
