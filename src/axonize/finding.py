"""What the doctor says of one thing, and how it is written for people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from axonize.terminal import BOLD, DIM, Level, Style


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `advice` says what to do about it."""

    section: str
    level: Level
    text: str
    advice: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def advise(error: str) -> str:
    """Say what to do about a collector that did not take a request."""
    if re.search("unauthenticated|401|permission|403", error, re.IGNORECASE):
        return "Set AXONIZE_API_KEY to a key of the server."
    return "Start a server with `axonize serve`, or set AXONIZE_ENDPOINT to one that runs."


def render(findings: Sequence[Finding], style: Style) -> str:
    """Write the findings for people: a section a paragraph, a finding a line."""
    lines: list[str] = []
    section = ""
    for finding in findings:
        if finding.section == "Settings" and finding.facts.get("source") == "default":
            continue
        if finding.section != section:
            section = finding.section
            lines += ["", style.paint(section, BOLD)]
        lines.append(f"  {style.mark(finding.level)} {finding.text}")
        if finding.advice:
            lines.append(style.paint(f"      {style.arrow} {finding.advice}", DIM))
    return "\n".join([*lines[1:], "", _conclude(findings)])


def _conclude(findings: Sequence[Finding]) -> str:
    wrong = sum(finding.level == "bad" for finding in findings)
    if not wrong:
        return "Everything is in order."
    return "1 thing is wrong." if wrong == 1 else f"{wrong} things are wrong."
