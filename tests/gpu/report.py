"""The results on a real GPU, kept in docs/gpu-validation.md with date and machine."""

from __future__ import annotations

import datetime as dt
import platform
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs/gpu-validation.md"
BEGINNING = "## Results\n"


class Row(NamedTuple):
    """One comparison: what was compared, what Axonize says, what the other says, and the bound."""

    what: str
    ours: str
    other: str
    bound: str


def write(machine: str, rows: list[Row]) -> None:
    """Put the results in place of those that the page has."""
    head = PAGE.read_text().split(BEGINNING)[0]
    date = dt.datetime.now(dt.timezone.utc).date()
    system = f"{platform.system()} {platform.release()}, CPython {platform.python_version()}"
    lines = [
        f"{date}, {machine}, {system}.",
        "",
        "| what | Axonize | compared with | bound |",
        "| --- | ---: | ---: | --- |",
        *(f"| {row.what} | {row.ours} | {row.other} | {row.bound} |" for row in rows),
    ]
    PAGE.write_text(head + BEGINNING + "\n" + "\n".join(lines) + "\n")
