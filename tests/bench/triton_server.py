"""What a request to Triton Inference Server costs with tracing, of a model that does nothing.

Run as `python -m tests.bench.triton_server [rounds]` in the environment of `nox -s triton`: one
server is instrumented and one is not, and the client is in turn. CPU time is that of the threads:
in the stub of the model all of them, with the one that sends; a sink in a process of its own takes
what is sent.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import tritonclient.grpc as grpc

import axonize
from axonize import patching
from axonize.integrations.triton_server import TRITON_SERVER
from tests.bench.sink import sink
from tests.integrations.triton_server.asking import number
from tests.integrations.triton_server.ports import free_ports
from tests.integrations.triton_server.server import command, environment, stop, wait_until_ready

MODEL = "doubling"
REQUESTS = 500  # a round
WARM = 300
RATE, PACED_S = 1000, 5


class Server(NamedTuple):
    """A server, a client of it, and the process that runs its model."""

    client: Any
    stub: int


class Cost(NamedTuple):
    """What a round took, us a request."""

    wall: float
    client: float
    stub: float


@contextmanager
def serving(sink_address: str, *, traced: bool) -> Iterator[Server]:
    http, port, metrics = free_ports(3)
    instrument = [sys.executable, "-m", "axonize.instrument"] if traced else []
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        variables = environment(sink_address)
        del variables["AXONIZE_FLUSH_INTERVAL_MS"]  # of the tests, which cannot wait
        with log.open("w") as file:
            arguments = [*instrument, *command(Path(folder), (http, port, metrics))]
            process = subprocess.Popen(arguments, env=variables, stdout=file, stderr=file)
        try:
            wait_until_ready(process, http, log)
            yield Server(grpc.InferenceServerClient(f"127.0.0.1:{port}"), stub_of(process.pid))
        finally:
            stop(process)


def stub_of(server: int) -> int:
    """Return the process of the model, a child of the server."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        parent = int(status.read_text().rpartition(")")[2].split()[1])
        command_line = status.with_name("cmdline").read_bytes()
        if parent == server and f"/{MODEL}/".encode() in command_line:
            return int(status.parent.name)
    raise LookupError(f"no process for {MODEL}")


def cpu_us(process: int) -> float:
    """Return the CPU time of all threads, from what the scheduler counts in ns."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e3


def ask(server: Server, requests: int = REQUESTS) -> Cost:
    given = number(grpc)
    stub, client, wall = cpu_us(server.stub), time.thread_time(), time.perf_counter()
    for _ in range(requests):
        server.client.infer(MODEL, given)
    wall, client = time.perf_counter() - wall, time.thread_time() - client
    stub = cpu_us(server.stub) - stub
    return Cost(wall / requests * 1e6, client / requests * 1e6, stub / requests)


def pace(server: Server) -> float:
    """Ask at a steady rate for some seconds; return how many a second were answered."""
    given, began = number(grpc), time.perf_counter()
    for turn in range(RATE * PACED_S):
        late = time.perf_counter() - began - turn / RATE
        if late < 0:
            time.sleep(-late)
        server.client.infer(MODEL, given)
    return RATE * PACED_S / (time.perf_counter() - began)


def asked_by(server: Server, *, traced: bool) -> Cost:
    if not traced:
        return ask(server)
    patching.install(TRITON_SERVER)
    try:
        return ask(server)
    finally:
        patching.uninstall(TRITON_SERVER)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with ExitStack() as stack:
        address = stack.enter_context(sink())
        servers = [stack.enter_context(serving(address, traced=traced)) for traced in (False, True)]
        axonize.init(endpoint=address, service_name="client")
        for server in servers:
            ask(server, WARM)
        kinds = [(bool(client), server) for server in (0, 1) for client in (0, 1)]
        costs: dict[tuple[bool, int], list[Cost]] = {kind: [] for kind in kinds}
        for turn in range(rounds):
            for client, server in kinds[turn % 4 :] + kinds[: turn % 4]:
                costs[client, server].append(asked_by(servers[server], traced=client))
        report(costs)
        plain = pace(servers[0])
        patching.install(TRITON_SERVER)
        traced = pace(servers[1])
        print(
            f"asked {RATE} times a second: {plain:.1f}/s plain, {traced:.1f}/s traced at both ends"
        )


def report(costs: dict[tuple[bool, int], list[Cost]]) -> None:
    plain = costs[False, 0]
    print("| traced | wall us | of plain | CPU us, caller's thread | CPU us, model's process |")
    print("|---|---|---|---|---|")
    for (client, server), found in costs.items():
        name = ("neither", "client", "server", "both")[client + 2 * server]
        wall, caller, stub = (statistics.median(each) for each in zip(*found, strict=True))
        ratio = statistics.median(a.wall / b.wall for a, b in zip(found, plain, strict=True))
        print(f"| {name} | {wall:.0f} | {ratio:.3f} | {caller:.1f} | {stub:.1f} |")


if __name__ == "__main__":
    main()
