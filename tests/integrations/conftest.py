"""What an integration recorded, as a tree that can be compared as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from axonize import guard
from axonize.speed import Span
from axonize.testing import CapturedSpans
from tests.integrations.lasting import UNTIL_THE_END


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
    """The spans that ended since it was last asked, in the order of their start."""

    def __init__(self, captured: CapturedSpans) -> None:
        self._captured = captured

    def spans(self) -> list[Span]:
        spans = sorted(self._captured.spans, key=lambda span: span.start_ns)
        self._captured.clear()
        return spans

    def tree(self) -> list[dict[str, Any]]:
        tree = self._captured.tree()
        self._captured.clear()
        return tree

    def outline(self) -> list[Any]:
        """Return the names of the tree alone: a name, or (name, [what lies below it])."""
        return [_names(root) for root in self.tree()]


def _names(shown: dict[str, Any]) -> Any:
    below = [_names(child) for child in shown.get("children", ())]
    return (shown["name"], below) if below else shown["name"]


@pytest.fixture(autouse=True)
def _strict_guard() -> Iterator[None]:
    guard.set_strict(True)
    yield
    guard.set_strict(False)


@pytest.fixture
def recorded(captured_spans: CapturedSpans) -> Recorded:
    return Recorded(captured_spans)


def pytest_sessionfinish() -> None:
    """End what lasts while there are threads to do so."""
    UNTIL_THE_END.close()
