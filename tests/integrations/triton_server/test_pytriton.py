"""Spans of callables that PyTriton serves, in a program that is not changed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as grpc

from tests.integrations.collector import Collector
from tests.integrations.triton_server.asking import answer, number
from tests.integrations.triton_server.conftest import Traces, outline
from tests.integrations.triton_server.ports import free_ports
from tests.integrations.triton_server.server import ROOT, environment, stop, wait_until_ready
from tests.integrations.triton_server.test_client import Ports, over_grpc


@pytest.fixture(scope="module")
def served(
    _binary: None, collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ports]:
    http, grpc_port, metrics = free_ports(3)
    program = Path(__file__).with_name("pytriton_program.py")
    settings = {
        **environment(collector.address),
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PYTHONPATH": str(ROOT),
    }
    log = tmp_path_factory.mktemp("pytriton") / "log"
    command = [sys.executable, "-m", "axonize.instrument", sys.executable, str(program)]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, *map(str, (http, grpc_port, metrics))],
            env=settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            for what in ("health", "models/double", "models/count"):
                wait_until_ready(process, http, log, what)
            yield http, grpc_port
        finally:
            stop(process)


def test_a_callable_is_in_the_trace_of_the_client(served: Ports, traces: Traces) -> None:
    with over_grpc(served) as client:
        assert answer(client.infer("double", number(grpc), request_id="p")) == [2.0] * 4
    [root] = traces.tree(3)
    assert outline(root) == (
        "infer double",
        ["execute double", ("execute double", ["doubling"])],
    )
    model, called = root.children
    assert model["axonize.triton_server.instance"] == "double_0_0"
    assert called["axonize.batch_size"] == 1
    assert called["axonize.triton_server.responses"] == 1


def test_a_generator_responds_many_times(served: Ports, traces: Traces) -> None:
    answers: list[object] = []
    given = grpc.InferInput("X", [4], "FP32")
    given.set_data_from_numpy(np.ones(4, np.float32))
    with over_grpc(served) as client:
        client.start_stream(lambda result, error: answers.append(error), stream_timeout=120)
        client.async_stream_infer("count", [given])
        client.stop_stream()
    assert answers == [None] * 3
    [root] = traces.tree(2)
    assert outline(root) == ("stream count", ["execute count"] * 2)
    told = [span.attributes.get("axonize.triton_server.responses") for span in root.children]
    assert told == [3, 3]
