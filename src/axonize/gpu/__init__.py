"""The GPUs of this machine: which there are, what they do, and which of them a label means."""

from __future__ import annotations

import sys

from axonize.gpu.backend import GPUBackend, GPUGone


def open_backend() -> GPUBackend:
    """Start the library of the vendor whose GPU is here; raises GPUGone, saying why, without one.

    NVIDIA's comes first, then Apple's.
    """
    if sys.platform == "darwin":
        from axonize.gpu.apple import Apple

        return Apple()
    try:
        from axonize.gpu.nvml import NVML
    except ImportError as error:
        raise GPUGone("nvidia-ml-py is not installed: pip install 'axonize[nvidia]'") from error
    return NVML()
