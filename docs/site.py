"""What the site makes of the pages: all in its contents, generated parts, no links to elsewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
OUTSIDE = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#]+)(?:#[^)]*)?\)")


def on_config(config: Any) -> Any:
    """Add pages that the contents do not name, so that a new one needs no entry; MkDocs calls it.

    Those of integrations come below the others, the rest at the end; decisions have their own page.
    """
    named = set(re.findall(r"[\w/.-]+\.md", repr(config.nav)))
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    new = sorted(page for page in pages - named if not page.startswith("adr/"))
    integrations = [page for page in new if page.startswith("integrations/")]
    next(each for each in config.nav if "Integrations" in each)["Integrations"] += integrations
    if others := [page for page in new if page not in integrations]:
        config.nav.append({"More": others})
    return config


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Return a page's text; MkDocs calls it."""
    generate = _load_generate()
    source = page.file.src_uri
    if source in generate.PARTS:
        markdown = generate.render(source)
    folder = (DOCS / source).parent
    return OUTSIDE.sub(lambda link: _inside(folder, link), markdown)


def _inside(folder: Path, link: re.Match[str]) -> str:
    target = (folder / link[2]).resolve()
    return link[0] if DOCS in target.parents else link[1]


def _load_generate() -> Any:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
