"""The machine that the tests on a real GPU run on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

SMI = shutil.which("nvidia-smi")


def environment() -> dict[str, str]:
    """Return the environment of programs that use the real driver."""
    return {name: value for name, value in os.environ.items() if name != "FAKE_NVML"}


def has_cuda() -> bool:
    """Say whether PyTorch can use the GPU."""
    program = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    return subprocess.run([sys.executable, "-c", program], env=environment()).returncode == 0


def describe() -> str:
    """Name the first GPU and its driver."""
    query = [str(SMI), "--query-gpu=name,driver_version", "--format=csv,noheader"]
    text = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    name, driver = text.splitlines()[0].split(", ")
    return f"{name}, driver {driver}"
