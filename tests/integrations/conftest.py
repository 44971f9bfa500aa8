"""What an integration recorded, as a tree that can be compared as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from axonize import guard, speed


class Measured:
    """Equal to every measured duration."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, float) and other >= 0

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "MEASURED"


MEASURED = Measured()


class Recorded:
    """The spans that ended since it was last asked."""

    def __init__(self, buffer: speed.RingBuffer) -> None:
        self._buffer = buffer

    def spans(self) -> list[speed.Span]:
        return sorted(self._buffer.drain(10_000), key=lambda span: span.start_ns)

    def tree(self) -> list[dict[str, Any]]:
        """Return the spans without a parent here, each with what lies below it."""
        spans = self.spans()
        nodes = {span.span_id: node(span) for span in spans}
        roots = []
        for span in spans:
            above = nodes.get(span.parent_span_id)
            (roots if above is None else above.setdefault("children", [])).append(
                nodes[span.span_id]
            )
        return roots

    def outline(self) -> list[Any]:
        """Return the names of the tree alone: a name, or (name, [what lies below it])."""
        return [named(root) for root in self.tree()]


def node(span: speed.Span) -> dict[str, Any]:
    """Describe one span; what is not said of it is internal, without error and without events."""
    described: dict[str, Any] = {"name": span.name, "attributes": span.attributes}
    if span.kind != "internal":
        described["kind"] = span.kind
    if span.status != "unset":
        described["status"] = (span.status, span.status_message)
    if span.events:
        described["events"] = [name for name, _, _ in span.events]
    return described


def named(described: dict[str, Any]) -> Any:
    below = [named(child) for child in described.get("children", ())]
    return (described["name"], below) if below else described["name"]


@pytest.fixture(autouse=True)
def _strict_guard() -> Iterator[None]:
    guard.set_strict(True)
    yield
    guard.set_strict(False)


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    buffer = speed.RingBuffer(10_000)
    speed.configure(buffer)
    yield Recorded(buffer)
    speed.configure(None)
