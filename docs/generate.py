"""Writes the parts of the pages that are made from the code: python docs/generate.py.

A page marks such a part with `<!-- NAME -->` before it and `<!-- end of NAME -->` after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from axonize_server.settings import ServerSettings

from axonize.config import Config, render_table

DOCS = Path(__file__).parent
PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "settings.md": {
        "settings of the SDK": lambda: render_table(Config),
        "settings of the server": lambda: render_table(ServerSettings),
    },
}


def render(page: str) -> str:
    """Return the text of a page with its generated parts as they are now."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for name, write in PARTS[page].items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        part = f"{begin}\n{write().strip()}\n\n{end}"
        text, found = pattern.subn(lambda _, part=part: part, text)
        if found != 1:
            raise ValueError(f"{page} has {found} parts named {name}")
    return text


def main() -> None:
    """Write every page that has generated parts."""
    for page in PARTS:
        (DOCS / page).write_text(render(page), encoding="utf-8")


if __name__ == "__main__":
    main()
