"""The mode of a thread while it asks about events."""

from __future__ import annotations

import ctypes

import pytest

from axonize.device import captures
from tests.sdk.device.cuda import Cuda


def test_the_mode_is_changed_and_changed_back(cuda: Cuda) -> None:
    with captures.beside_captures():
        assert cuda.modes == [captures.RELAXED]
    assert cuda.modes == [captures.RELAXED, 0]


def test_without_a_driver_nothing_is_asked() -> None:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        pass
    else:
        pytest.skip("a driver is here")
    assert captures.exchange() is None
    with pytest.raises(OSError, match="does not exchange"), captures.beside_captures():
        pytest.fail("asked without a driver")
