"""The real Triton Inference Server, from PyTriton's wheel, with the models that lie beside this."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.integrations.collector import Collector, Received

ROOT = Path(__file__).parents[3]
READY_S = 240  # each model is a process that starts a Python of its own
MODELS = Path(__file__).parent / "models"
# Each is a file; what the server wants to know of it besides.
SETTINGS = {
    # When they come is chance: the server waits until three have come, as many as a test sends.
    "batched": "dynamic_batching { preferred_batch_size: [3] "
    "max_queue_delay_microseconds: 60000000 }",
    "decoupled": "model_transaction_policy { decoupled: True }",
    "sequence": "sequence_batching { max_sequence_idle_microseconds: 5000000 }",
}
CONFIG = """
backend: "python"
max_batch_size: 8
input [{name: "X" data_type: TYPE_FP32 dims: [4]}]
output [{name: "Y" data_type: TYPE_FP32 dims: [4]}]
instance_group [{kind: KIND_CPU count: 1}]
"""


def write_models(folder: Path) -> Path:
    """Lay the models out as a repository."""
    for file in sorted(MODELS.glob("*.py")):
        version = folder / file.stem / "1"
        version.mkdir(parents=True)
        shutil.copy(file, version / "model.py")
        (folder / file.stem / "config.pbtxt").write_text(CONFIG + SETTINGS.get(file.stem, ""))
    return folder


def backend(folder: Path) -> Path:
    """Lay the Python backend out with the stub for this version of Python."""
    import pytriton

    home = Path(pytriton.__file__).parent / "tritonserver"
    shutil.copytree(home / "backends", folder)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = home / "python_backend_stubs" / version / "triton_python_backend_stub"
    shutil.copy(stub, folder / "python" / stub.name)
    return folder


def program() -> str:
    import pytriton

    return str(Path(pytriton.__file__).parent / "tritonserver" / "bin" / "tritonserver")


def command(temporary: Path, ports: tuple[int, int, int], *arguments: str) -> list[str]:
    repository, backends = write_models(temporary / "models"), backend(temporary / "backends")
    places = {
        "model-repository": repository,
        "backend-directory": backends,
        **{f"{kind}-address": "127.0.0.1" for kind in ("http", "grpc", "metrics")},
        **dict(zip(("http-port", "grpc-port", "metrics-port"), ports, strict=True)),
        "exit-timeout-secs": 5,
    }
    return [program(), *(f"--{name}={value}" for name, value in places.items()), *arguments]


def environment(endpoint: str) -> dict[str, str]:
    """Return what the server and its stubs need: the stub is the one of the first python3."""
    libraries = Path(sysconfig.get_path("purelib"), "nvidia_pytriton.libs")
    return {
        **os.environ,
        "LD_LIBRARY_PATH": f"{libraries}:{sysconfig.get_config_var('LIBDIR')}",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AXONIZE_ENDPOINT": endpoint,
        "AXONIZE_FLUSH_INTERVAL_MS": "100",
        "OTEL_SERVICE_NAME": "triton",
    }


@contextmanager
def serving(temporary: Path, collector: Collector, *arguments: str) -> Iterator[tuple[int, int]]:
    """Run `axonize-instrument tritonserver ...`; yield its ports for HTTP and gRPC."""
    from tests.integrations.triton_server.ports import free_ports

    http, grpc, metrics = free_ports(3)
    instrument = [sys.executable, "-m", "axonize.instrument"]
    log = temporary / "triton.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*instrument, *command(temporary, (http, grpc, metrics), *arguments)],
            env=environment(collector.address),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_ready(process, http, log)
            yield http, grpc
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def wait_until_ready(
    process: subprocess.Popen[bytes], port: int, log: Path, what: str = "health"
) -> None:
    from urllib.error import URLError
    from urllib.request import urlopen

    end = time.monotonic() + READY_S
    while True:
        assert process.poll() is None, log.read_text()[-4000:]
        assert time.monotonic() < end, log.read_text()[-4000:]
        try:
            urlopen(f"http://127.0.0.1:{port}/v2/{what}/ready", timeout=10).close()
            return
        except (URLError, OSError):
            time.sleep(0.2)


@contextmanager
def collecting_json(collector: Collector) -> Iterator[str]:
    """Take the JSON that the server itself sends as well; yield the URL for it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            collector.spans += [span for each in body["resourceSpans"] for span in read(each)]
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces"
    finally:
        server.shutdown()
        server.server_close()


def read(resource_spans: dict[str, Any]) -> list[Received]:
    return [
        Received(
            name=span["name"],
            trace_id=span["traceId"],
            span_id=span["spanId"],
            parent_span_id=span.get("parentSpanId", ""),
            kind=span.get("kind", 0),
            start_ns=int(span["startTimeUnixNano"]),
            end_ns=int(span["endTimeUnixNano"]),
            status=0,
            attributes={
                each["key"]: next(iter(each["value"].values()))
                for each in span.get("attributes", ())
            },
            events=[],
            links=[],
            resource={"service.name": "triton itself"},
        )
        for scope_spans in resource_spans["scopeSpans"]
        for span in scope_spans["spans"]
    ]
