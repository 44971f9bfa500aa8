"""Runs the demo from beginning to end, and says what came of it."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from axonize.demo.load import Load, send_all
from axonize.demo.model import MODEL, make_model
from axonize.demo.processes import Server, start_server, start_service, wait_for_ctrl_c
from axonize.demo.readback import read_back
from axonize.demo.report import Progress, summary

MISSING = 1


def main(arguments: argparse.Namespace) -> int:
    """Run the demo; 0 only if the trace of every request was read back through REST."""
    with ExitStack() as stack:
        folder = _folder(arguments.data_dir, stack)
        progress = Progress()
        server, service_url = _start(folder, arguments.port, progress, stack)
        load = _send(service_url, arguments.requests, arguments.concurrency, progress)
        found = read_back(server.http, load.replies, progress.step("Reading the traces back"))
        print(summary(server.http, load, found))
        if not arguments.once:
            wait_for_ctrl_c()
        complete = len(found) == len(load.replies) and all(reply.ok for reply in load.replies)
        return 0 if complete else MISSING


def _folder(data_dir: str | None, stack: ExitStack) -> Path:
    if data_dir:
        return Path(data_dir).resolve()
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="axonize-demo-")))


def _start(folder: Path, port: int, progress: Progress, stack: ExitStack) -> tuple[Server, str]:
    with progress.step("Making a small random Llama and its tokenizer"):
        model = make_model(folder / MODEL)
    with progress.step("Starting the Axonize server"):
        server = stack.enter_context(start_server(folder / "data", port))
    with progress.step("Starting the example service under axonize-instrument"):
        service_url = stack.enter_context(start_service(model, server.grpc))
    return server, service_url


def _send(url: str, requests: int, concurrency: int, progress: Progress) -> Load:
    with progress.step(f"Sending {requests} streaming requests, {concurrency} at a time") as done:
        return send_all(url, requests, concurrency, done)
