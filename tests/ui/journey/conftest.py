"""Real engines at work under `axonize-instrument` on two GPUs of the fake NVML, and one server.

Collected where vLLM is installed. Triton wants an older NumPy than vLLM: AXONIZE_TRITON_PYTHON
names a Python with it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.integrations.triton_server.ports import free_ports
from tests.integrations.triton_server.server import stop, wait_until_ready
from tests.sdk.gpu.conftest import library
from tests.sdk.gpu.fake_nvml import make_state
from tests.server.serving import call
from tests.ui.conftest import BUILT
from tests.ui.serving import Server, serve

__all__ = ["library"]

ROOT = Path(__file__).parents[3]
TRITON = os.environ.get("AXONIZE_TRITON_PYTHON")
collect_ignore_glob = [] if BUILT.is_file() and importlib.util.find_spec("vllm") else ["test_*.py"]

INSTANCE = "MIG-000000a1-0000-5000-8000-000000000000"
PRICE = 3.6  # US dollars an hour
FINISHES_S = 300
CHAT_REQUESTS = 4 + 6 + 1  # of the engine: two choices are two, what was refused is none


@dataclass(frozen=True)
class Journey:
    """What was sent, as the programs that sent it have told, and who tells what came of it."""

    http: str
    asked: list[Any]
    crowd: list[dict[str, int]]
    worked: dict[str, Any]
    inferred: list[float]

    def get(self, path: str) -> Any:
        status, body = call(f"{self.http}/api/v1{path}")
        assert status == 200, body
        return json.loads(body)

    def traces(self, service: str, having: str = "") -> list[str]:
        """Return the traces of a service that have a span of this name."""
        found = [each["trace_id"] for each in self.listed(service=service)]
        return [each for each in found if not having or having in self.names(each)]

    def listed(self, **filters: str) -> list[dict[str, Any]]:
        """Return what the list says of the traces that match."""
        query = "".join(f"&{name}={value}" for name, value in filters.items())
        found: list[dict[str, Any]] = self.get(f"/traces?limit=500{query}")["items"]
        return found

    def names(self, trace: str) -> list[str]:
        return [span["name"] for span in self.spans(trace)]

    def spans(self, trace: str) -> list[dict[str, Any]]:
        """Return the spans of a trace, with all that they say."""
        found: list[dict[str, Any]] = self.get(f"/traces/{trace}/spans")["items"]
        return found

    def totals(self, trace: str) -> dict[str, Any]:
        """Return the attributes of what the engine says of a trace's request."""
        found: dict[str, Any] = next(
            span["attributes"] for span in self.spans(trace) if span["name"] == "engine.request"
        )
        return found

    def steps(self, engine: str) -> list[dict[str, Any]]:
        """Return every step of an engine."""
        found: list[dict[str, Any]] = []
        more = ""
        while True:
            page = self.get(f"/steps?limit=500&engine={engine}{more}")
            found += page["items"]
            if not page["next_cursor"]:
                return found
            more = f"&cursor={page['next_cursor']}"

    def cost(self) -> dict[str, dict[str, Any]]:
        """Return what each model has cost."""
        groups = self.get("/analytics/cost?group_by=model")["items"]
        return {group["key"]: group["now"] for group in groups}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("journey")
    with serve(data, AXONIZE_COST_PER_HOUR_USD=f"H100={PRICE}") as server:
        yield server


def run(service: str, python: str, *command: str, **environment: str) -> Any:
    """Return what a program has printed, run as a user would."""
    done = subprocess.run(
        [python, "-m", "axonize.instrument", python, *command],
        env={**os.environ, "OTEL_SERVICE_NAME": service, **environment},
        capture_output=True,
        timeout=FINISHES_S,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def machine(server: Server, library: Path, folder: Path) -> Iterator[None]:
    """Have every process that is started find the GPUs and the server."""
    from tests.integrations.vllm.test_cost import counting

    state = make_state(folder / "gpus")
    settings = {
        "LD_LIBRARY_PATH": str(library.parent),
        "FAKE_NVML": str(folder / "gpus"),
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(ROOT),
        "AXONIZE_STATUS_DIR": str(folder / "status"),
        "AXONIZE_ENDPOINT": server.grpc,
        "AXONIZE_ENGINE_GPUS": "cuda:0",
        "AXONIZE_COST_PER_HOUR_USD": f"H100={PRICE}",
        "OTEL_SERVICE_NAME": "vllm",
    }
    with pytest.MonkeyPatch.context() as patch, counting(state):
        for name, value in settings.items():
            patch.setenv(name, value)
        yield


@contextmanager
def triton(python: str, folder: Path) -> Iterator[str]:
    """Run PyTriton's program on the CPU; yield its port for gRPC."""
    http, grpc, metrics = free_ports(3)
    program = ROOT / "tests/integrations/triton_server/pytriton_program.py"
    ports = map(str, (http, grpc, metrics))
    (libraries,) = Path(python).parents[1].glob("lib/python*/site-packages/nvidia_pytriton.libs")
    settings = {
        "LD_LIBRARY_PATH": f"{libraries}:{sysconfig.get_config_var('LIBDIR')}",
        "PATH": f"{Path(python).parent}:{os.environ['PATH']}",
        "AXONIZE_ENGINE_GPUS": "",
        "AXONIZE_FLUSH_INTERVAL_MS": "100",
        "OTEL_SERVICE_NAME": "triton",
    }
    log = folder / "triton.log"
    # The paths of its sockets lie under its home, and a socket's has at most 107 characters.
    with TemporaryDirectory(dir="/tmp") as home, log.open("w") as output:
        process = subprocess.Popen(
            [python, "-m", "axonize.instrument", python, str(program), *ports],
            env={**os.environ, **settings, "HOME": home},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            for what in ("health", "models/double", "models/count"):
                wait_until_ready(process, http, log, what)
            yield str(grpc)
        finally:
            stop(process)


def infer(folder: Path) -> Any:
    if TRITON is None:
        return []
    with triton(TRITON, folder) as port:
        settings = {"AXONIZE_ENGINE_GPUS": ""}
        return run("features", TRITON, "-m", "tests.ui.journey.inferring", port, **settings)


@pytest.fixture(scope="session")
def journey(
    server: Server, library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Journey]:
    """Run everything; vLLM goes on until the last page was seen."""
    from tests.integrations.diffusers.tiny import save
    from tests.integrations.tiny_llama import save_tiny_llama
    from tests.integrations.vllm.server import serving
    from tests.integrations.vllm.test_cost import wait_for

    folder = tmp_path_factory.mktemp("work")
    model = save_tiny_llama(folder / "tiny-llama")
    folders = (str(model), str(save(folder / "tiny-diffusion")))
    limits = ("--num-gpu-blocks-override", "8", "--max-num-seqs", "8")
    program = ("-m", "tests.ui.journey.working", *folders)
    with ExitStack() as stack:
        stack.enter_context(machine(server, library, folder))
        worked = run("batch-job", sys.executable, *program, CUDA_VISIBLE_DEVICES=INSTANCE)
        inferred = infer(folder)
        vllm = stack.enter_context(serving(model, folder, server.grpc, *limits))
        address = f"{vllm.address}/v1"
        told = run("chat-app", sys.executable, "-m", "tests.ui.journey.asking", address)
        journey = Journey(server.http, worked=worked, inferred=inferred, **told)
        # A request is counted by the record after it: the last ones by that of a rest.
        counted = lambda: journey.cost().get("tiny", {}).get("requests") == CHAT_REQUESTS  # noqa: E731
        wait_for(counted, 300, lambda: str(journey.cost()))
        yield journey
