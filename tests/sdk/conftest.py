"""The two versions of the core, and internal errors raised, for all tests of the SDK."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from axonize import context, guard, otlp, pipeline, source
from axonize.buffer import RingBuffer
from axonize.spans import Span
from axonize.step_log import StepLog, follow_schedule, follow_update

# Without a compiler there is no C version, and the test ids say so; AXONIZE_EXTENSION=require
# makes its absence an error.
HAVE_C = importlib.util.find_spec("axonize._core") is not None
if os.environ.get("AXONIZE_EXTENSION") == "require":
    assert HAVE_C, "the C extension was required and is not built"

PYTHON = SimpleNamespace(
    Span=Span,
    RingBuffer=RingBuffer,
    StepLog=StepLog,
    follow_schedule=follow_schedule,
    follow_update=follow_update,
    encode_spans=otlp.encode_spans,
    configure=pipeline.configure,
    reseed=source.reseed,
    set_root_parent=context.set_root_parent,
    set_test_source=source.set_test_source,
)


def implementation(name: str) -> Any:
    """Return the classes and functions of one version: "c" or "python"."""
    return PYTHON if name == "python" else importlib.import_module("axonize._core")


@pytest.fixture(params=["c", "python"] if HAVE_C else ["python"])
def core(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each version in turn, put back to its first state afterwards."""
    version = implementation(request.param)
    yield version
    version.configure(None)
    version.set_test_source(None, None)
    version.set_root_parent(None)


@pytest.fixture
def buffer(core: Any) -> Any:
    """Spans come here, with counted times and ids."""
    times, ids = iter(range(1_001, 100_000)), iter(range(1, 100_000))
    core.set_test_source(times.__next__, ids.__next__)
    ring = core.RingBuffer(1_000)
    core.configure(ring)
    return ring


@pytest.fixture(autouse=True)
def _strict_guard() -> Iterator[None]:
    guard.set_strict(True)
    yield
    guard.set_strict(False)
