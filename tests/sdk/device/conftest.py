"""A device for these tests, and settings of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from axonize import late
from axonize.device import forget_settings, memory, timing
from axonize.testing import CapturedSpans
from tests.sdk.device.cuda import Cuda


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch, captured_spans: CapturedSpans) -> Iterator[Cuda]:
    monkeypatch.setattr("axonize.testing.PATIENCE_S", 0.0)
    timing._pools.clear()
    memory._next_reading.clear()
    yield Cuda(monkeypatch)
    late.give_up()
    timing._pools.clear()


@pytest.fixture(autouse=True)
def _own_settings() -> Iterator[None]:
    forget_settings()
    yield
    forget_settings()
