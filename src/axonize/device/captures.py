"""Lets a thread ask about events while another one captures a CUDA graph.

CUDA refuses that by default, and makes the capture fail, in any thread that has not said that what
it does has nothing to do with the capture. PyTorch has no call for it, but CUDA's driver does.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

RELAXED = 2  # CU_STREAM_CAPTURE_MODE_RELAXED
Exchange = Callable[[Any], int]


@functools.cache
def exchange() -> Exchange | None:
    """Return the driver's function that exchanges the mode of the calling thread, if it is there.

    It is for NVIDIA's driver only: other devices that PyTorch calls CUDA have none here.
    """
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        found: Exchange = driver.cuThreadExchangeStreamCaptureMode
    except (OSError, AttributeError):
        return None
    return found


@contextmanager
def beside_captures() -> Iterator[None]:
    """Inside the block nothing that this thread asks disturbs a capture; raises OSError if not."""
    change, mode = exchange(), ctypes.c_int(RELAXED)
    if change is None or change(ctypes.byref(mode)):
        raise OSError("the CUDA driver does not exchange the capture mode of this thread")
    try:
        yield
    finally:
        change(ctypes.byref(mode))
