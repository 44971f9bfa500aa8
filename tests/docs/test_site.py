"""The hooks of the site, on contents and pages as MkDocs hands them over."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import yaml

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("site_hooks", ROOT / "docs" / "site.py")
assert _spec is not None
assert _spec.loader is not None
site = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(site)


def contents() -> list[dict[str, object]]:
    nav: list[dict[str, object]] = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    return nav


def test_a_page_that_the_contents_do_not_name_is_added_where_it_belongs() -> None:
    nav = contents()
    nav.remove({"Home": "index.md"})
    (integrations,) = (each["Integrations"] for each in nav if "Integrations" in each)
    integrations.remove({"vLLM": "integrations/vllm.md"})
    found = site.on_config(SimpleNamespace(nav=nav)).nav
    assert "integrations/vllm.md" in integrations
    assert "index.md" in found[-1]["More"]


def test_links_out_of_the_documentation_are_text_on_the_site_and_others_stay() -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="integrations/vllm.md"))
    text = "[a](../attribution.md#the-rule) [b](../../BENCHMARKS.md) [c](https://x/../y)"
    expected = "[a](../attribution.md#the-rule) b [c](https://x/../y)"
    assert site.on_page_markdown(text, page=page) == expected


def test_generated_parts_are_made_for_the_site() -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="rest.md"))
    text = (ROOT / "docs" / "rest.md").read_text()
    assert "`GET /api/v1/traces`" in site.on_page_markdown(text, page=page)
