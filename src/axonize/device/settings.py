"""What is asked of devices, as the environment says."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass

from axonize.config import load, setting

_logger = logging.getLogger("axonize")


@dataclass(frozen=True)
class DeviceSettings:
    """Every setting of what is told of devices."""

    torch_cuda_time: bool = setting(
        True, "Tell how long a CUDA device worked for a call, by two events on its stream."
    )
    torch_cuda_memory: bool = setting(
        True, "Tell how much memory of a CUDA device is in use, and at most was, at its end."
    )
    torch_profile_every: int = setting(
        0,
        "Profile one outermost call in so many, and tell its kernels; such a call is slower and "
        "waits for the device. 0: none.",
        minimum=0,
    )


@functools.cache
def settings() -> DeviceSettings:
    """Read the environment, once; a bad value is logged, and the default used."""
    return load(DeviceSettings, {}, complain=_logger.warning)


forget_settings = settings.cache_clear
