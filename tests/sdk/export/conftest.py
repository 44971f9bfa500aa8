"""Collectors for the tests of the transports and the worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sdk.export.collectors import Collector, grpc_collector, http_collector
from tests.sdk.gpu.conftest import gpus, library

__all__ = ["gpus", "library"]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with grpc_collector() as collector:
        yield collector


@pytest.fixture
def web_collector() -> Iterator[Collector]:
    with http_collector() as collector:
        yield collector
