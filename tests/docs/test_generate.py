"""What the pages repeat from the code is what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
_spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
assert _spec is not None
assert _spec.loader is not None
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)


@pytest.mark.parametrize("page", generate.PARTS)
def test_a_page_is_current(page: str) -> None:
    assert generate.render(page) == (DOCS / page).read_text(), "run python docs/generate.py"
