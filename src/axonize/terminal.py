"""Marks and colours for a terminal; plain text for a file, a pipe or NO_COLOR."""

from __future__ import annotations

import os
from typing import Literal, NamedTuple, TextIO

Level = Literal["good", "note", "bad"]

MARKS: dict[Level, tuple[str, str, int]] = {  # in Unicode, in ASCII, colour
    "good": ("✓", "ok", 32),
    "note": ("•", "--", 33),
    "bad": ("✗", "!!", 31),
}
BOLD, DIM = 1, 2


class Style(NamedTuple):
    """What one output can show."""

    colour: bool = False
    unicode: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """Ask the stream, and the variables that people set for all programs."""
        encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
        environ = os.environ  # noqa: TID251 - NO_COLOR and TERM are no settings of ours
        colour = stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        return cls(colour, encoding.startswith("utf"))

    def paint(self, text: str, code: int) -> str:
        """Return the text in a colour or weight, by its ANSI number."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def mark(self, level: Level) -> str:
        """Return the sign in front of a line."""
        unicode, ascii_, colour = MARKS[level]
        return self.paint(unicode if self.unicode else ascii_, colour)

    @property
    def arrow(self) -> str:
        """Return the sign in front of advice."""
        return "→" if self.unicode else "->"
