"""Triton Inference Server's own tracing: a Python model, asked once well, once badly."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytriton
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

SERVER = Path(pytriton.__file__).parent / "tritonserver"
STUB = f"python_backend_stubs/{sys.version_info[0]}.{sys.version_info[1]}"
CONFIG = """
name: "double"
backend: "python"
input [{ name: "X", data_type: TYPE_FP32, dims: [ -1 ] }]
output [{ name: "Y", data_type: TYPE_FP32, dims: [ -1 ] }]
"""
MODEL = """
import triton_python_backend_utils as pb

class TritonPythonModel:
    def execute(self, requests):
        return [self.answer(pb.get_input_tensor_by_name(one, "X").as_numpy()) for one in requests]

    def answer(self, x):
        if len(x) > 2:
            return pb.InferenceResponse(error=pb.TritonError("more than two numbers"))
        return pb.InferenceResponse([pb.Tensor("Y", 2 * x)])
"""


def prepare(folder: Path) -> None:
    """Write the model, and the backend with the stub of this Python."""
    (folder / "models/double/1").mkdir(parents=True)
    (folder / "models/double/config.pbtxt").write_text(CONFIG)
    (folder / "models/double/1/model.py").write_text(MODEL)
    shutil.copytree(SERVER / "backends", folder / "backends")
    for file in (SERVER / STUB).iterdir():
        shutil.copy(file, folder / "backends/python")


def command(folder: Path) -> list[str]:
    """Return the command that serves on loopback and traces every request."""
    trace = (
        "mode=opentelemetry",
        "level=TIMESTAMPS",
        "rate=1",
        f"opentelemetry,url={os.environ['OTEL_EXPORTER_OTLP_ENDPOINT']}/v1/traces",
        "opentelemetry,resource=service.name=capture",
    )
    return [
        str(SERVER / "bin/tritonserver"),
        f"--model-repository={folder / 'models'}",
        f"--backend-directory={folder / 'backends'}",
        "--http-address=127.0.0.1",
        "--http-port=18400",
        "--allow-grpc=false",
        "--allow-metrics=false",
        *(f"--trace-config={setting}" for setting in trace),
    ]


def ask(numbers: list[float], request_id: str) -> None:
    """Ask the model; the server may still be starting."""
    client = triton.InferenceServerClient("127.0.0.1:18400")
    ready = False
    while not ready:
        time.sleep(0.2)
        with suppress(ConnectionRefusedError):
            ready = client.is_server_ready()
    x = triton.InferInput("X", [len(numbers)], "FP32")
    x.set_data_from_numpy(np.array(numbers, np.float32))
    with suppress(InferenceServerException):
        client.infer("double", [x], request_id=request_id)
    client.close()


with tempfile.TemporaryDirectory() as name:
    prepare(Path(name))
    libraries = (SERVER.parents[1] / "nvidia_pytriton.libs", sysconfig.get_config_var("LIBDIR"))
    environment = os.environ | {"LD_LIBRARY_PATH": ":".join(map(str, libraries))}
    server = subprocess.Popen(command(Path(name)), env=environment)
    ask([1, 2], "answered")
    ask([1, 2, 3], "refused")
    server.send_signal(signal.SIGTERM)
    server.wait()
