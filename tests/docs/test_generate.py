"""What the pages repeat from the code is what the code says."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from axonize_server.app import openapi_document

DOCS = Path(__file__).parents[2] / "docs"
_spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
assert _spec is not None
assert _spec.loader is not None
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)


@pytest.mark.parametrize("page", sorted(generate.PARTS.keys() - generate.SITE_ONLY))
def test_a_page_is_current(page: str) -> None:
    assert generate.render(page) == (DOCS / page).read_text(), "run python docs/generate.py"


def test_the_page_of_the_api_has_every_operation_with_its_parameters() -> None:
    page = generate.render("rest.md")
    document = json.loads(openapi_document())
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            part = page.partition(f"`{method.upper()} {path}`\n")[2].partition("\n### ")[0]
            assert operation["description"] in part, path
            for parameter in operation.get("parameters", ()):
                assert f"| `{parameter['name']}` | {parameter['in']}" in part, path
    body = "| `max_spans_per_day` | body | integer |"
    assert body in page
