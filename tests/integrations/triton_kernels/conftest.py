"""Triton with a device of which only the driver is made up, and the integration in place."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from axonize import patching
from axonize.integrations.triton_kernels import TRITON_KERNELS

# Triton is for Linux alone.
collect_ignore_glob = [] if importlib.util.find_spec("triton") else ["test_*.py"]


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    from tests.integrations.triton_kernels.device import made_up_device

    patching.install(TRITON_KERNELS)
    with made_up_device():
        yield
    patching.uninstall(TRITON_KERNELS)
