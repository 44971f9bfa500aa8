"""A GPU of which only the driver is made up: Triton lowers, caches and launches as for an H100."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from triton import knobs
from triton.backends.compiler import GPUTarget
from triton.runtime import driver


class Utils:
    """Says what a driver says of a loaded kernel: its registers and spills."""

    def load_binary(self, *_: Any) -> tuple[int, int, int, int, int]:
        return 1, 2, 24, 0, 1024

    def unload_module(self, _: Any) -> None: ...

    def get_device_properties(self, _: int) -> dict[str, int]:
        return {"max_shared_mem": 232_448, "multiprocessor_count": 132}


class Launcher:
    """Launches nothing, for there is nothing to run it on."""

    def __init__(self, *_: Any) -> None: ...

    def __call__(self, *_: Any) -> None: ...


class Driver:
    """The driver of a device that is not here."""

    utils, launcher_cls = Utils(), Launcher

    def get_current_target(self) -> GPUTarget:
        return GPUTarget("cuda", 90, 32)

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, _: int) -> int:
        return 7

    def get_active_torch_device(self) -> torch.device:
        return torch.device("cpu")

    def get_benchmarker(self) -> Any:
        raise NotImplementedError("a test says how long a kernel takes")


@contextmanager
def made_up_device(cache: str = "") -> Iterator[None]:
    """Let Triton find the device, and an empty cache of its own or the one in that folder.

    The driver stays: kernels that are garbage later are unloaded by it.
    """
    driver.set_active(Driver())
    fusion = patch.dict(os.environ, TRITON_DEFAULT_FP_FUSION="1")  # unset, it warns
    with tempfile.TemporaryDirectory() as empty, knobs.cache.scope(), fusion:
        knobs.cache.dir = cache or empty
        yield
