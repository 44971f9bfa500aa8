"""Compares text with a committed file; AXONIZE_REGENERATE_GOLDEN=1 writes the file instead."""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"


def check(name: str, text: str) -> None:
    """Compare text with the golden file of that name."""
    file = GOLDEN / name
    if os.environ.get("AXONIZE_REGENERATE_GOLDEN") == "1":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert file.read_text() == text, (
        f"{name} differs; AXONIZE_REGENERATE_GOLDEN=1 accepts the new text"
    )
