"""What a device does for a call of a PyTorch model: how long, with how much memory, which kernels.

All of it is asked of PyTorch, which is imported by whoever makes the call.
"""

from __future__ import annotations

from axonize.device.following import followed, is_followed
from axonize.device.memory import tell_out_of_memory
from axonize.device.settings import DeviceSettings, forget_settings

__all__ = ["DeviceSettings", "followed", "forget_settings", "is_followed", "tell_out_of_memory"]
