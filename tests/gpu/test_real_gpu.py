"""What is read of the GPUs of this machine, beside what nvidia-smi says of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

SMI = shutil.which("nvidia-smi")
QUERY = "uuid,name,memory.total,memory.used,temperature.gpu"
# In a process of its own: other tests load a library of the same name.
PROGRAM = """
import json
from dataclasses import asdict
from axonize.gpu import open_backend
backend = open_backend()
gpus = [gpu for gpu in backend.discover() if gpu.mig is None]
print(json.dumps([[asdict(gpu), asdict(backend.read(gpu))] for gpu in gpus]))
"""


@pytest.mark.skipif(SMI is None, reason="there is no nvidia-smi, so no NVIDIA GPU, here")
def test_says_what_nvidia_smi_says() -> None:
    command = [str(SMI), f"--query-gpu={QUERY}", "--format=csv,noheader,nounits"]
    rows = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    env = {name: value for name, value in os.environ.items() if name != "FAKE_NVML"}
    ours = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True)
    assert ours.returncode == 0, ours.stderr
    found = json.loads(ours.stdout)
    assert len(found) == len(rows) > 0
    for (gpu, reading), row in zip(found, rows, strict=True):
        uuid, name, total, used, temperature = row.split(", ")
        assert (gpu["uuid"], gpu["model"]) == (uuid, name)
        assert gpu["memory_total"] // 2**20 == int(total)
        # nvidia-smi leaves out what the driver keeps for itself.
        assert reading["memory_used"] / 2**20 == pytest.approx(int(used), abs=1024)
        assert reading["temperature_celsius"] == pytest.approx(int(temperature), abs=5)
