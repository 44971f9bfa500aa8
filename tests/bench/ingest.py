"""Spans acknowledged by a real server, and what it costs: `python -m tests.bench.ingest [seconds]`.

Another process sends requests of 512 spans over loopback, so many at a time, and on the same cores.
First, both decoders alone, in this process; last, the peers of `tests.bench.peers` that are
installed, with the same spans.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
from axonize_server.ingest import native
from axonize_server.ingest.decoder import ArrowDecoder, Decoder, NativeDecoder

from axonize.demo.processes import Server, start_server
from tests.bench.otlp import SPANS, Template
from tests.bench.peers import IDLE_S, PEERS, Peer, running, stored

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
REQUESTS = 40  # decoded at a time
# How, compressed or not, and how many spans a second are offered: as many as it takes, without.
RUNS = (("grpc", False, 0), ("grpc", True, 0), ("http", False, 0), ("http", True, 0))
RUNS += (("grpc", False, 20_000),)
PEER_REQUESTS = 8  # in flight: more of them wait for longer than senders do


def spans_per_second(kind: type[Decoder], bodies: list[bytes]) -> float:
    """Return the best of five rounds, by CPU time."""
    best = 1e9
    for _ in range(5):
        begin = time.process_time()
        decoder = kind()
        for body in bodies:
            decoder.add("default", body)
        decoder.finish()
        best = min(best, time.process_time() - begin)
    return len(bodies) * SPANS / best


# The load process


async def send_grpc(address: str, packed: bool, work: Any) -> None:
    compression = grpc.Compression.Gzip if packed else grpc.Compression.NoCompression
    async with grpc.aio.insecure_channel(address, compression=compression) as channel:
        export = channel.unary_unary(EXPORT)
        await work(lambda body: export(body, timeout=60))


async def send_http(
    address: str, packed: bool, work: Any, more: dict[str, str], in_flight: int
) -> None:
    headers = {"Content-Type": "application/x-protobuf"} | more
    if packed:
        headers["Content-Encoding"] = "gzip"
    async with AsyncExitStack() as stack:
        # A client of its own for each sender: one for all looks through its connections each time.
        idle = [
            await stack.enter_async_context(
                httpx.AsyncClient(headers=headers, timeout=60, verify=False)
            )
            for _ in range(in_flight)
        ]

        async def send(body: bytes) -> None:
            content = gzip.compress(body, 6) if packed else body
            client = idle.pop()
            try:
                (await client.post(f"{address}/v1/traces", content=content)).raise_for_status()
            finally:
                idle.append(client)

        await work(send)


async def load(options: argparse.Namespace) -> None:
    template = Template()
    latencies: list[float] = []
    refused = 0
    end = time.monotonic() + options.seconds

    pause = options.in_flight * SPANS / options.offered if options.offered else 0.0

    async def sender(send: Any, number: int) -> None:
        nonlocal refused
        due = time.monotonic() + pause * number / options.in_flight
        while time.monotonic() < end:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += pause
            body = template.body()
            begin = time.monotonic()
            try:
                await send(body)
            except (grpc.RpcError, httpx.HTTPError):
                refused += 1
            else:
                latencies.append(time.monotonic() - begin)

    async def work(send: Any) -> None:
        await asyncio.gather(*(sender(send, number) for number in range(options.in_flight)))

    begin, cpu = time.monotonic(), time.process_time()
    if options.load == "grpc":
        await send_grpc(options.address, options.gzip, work)
    else:
        headers = json.loads(options.headers)
        await send_http(options.address, options.gzip, work, headers, options.in_flight)
    print(
        json.dumps(
            {
                "rate": len(latencies) * SPANS / (time.monotonic() - begin),
                "p50": float(np.percentile(latencies or [np.nan], 50)) * 1e3,
                "p99": float(np.percentile(latencies or [np.nan], 99)) * 1e3,
                "refused": refused,
                "spans": len(latencies) * SPANS,
                "cpu": time.process_time() - cpu,
            }
        )
    )


# The measuring process


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in below for each in family(int(child)))]


def cpu_s(pid: int) -> float:
    """Return the CPU of a process, and of those below it that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def sum_of(measured: Callable[[int], float], pid: int) -> float:
    return sum(measured(each) for each in family(pid))


def ask_meanwhile(url: str, process: subprocess.Popen[str]) -> list[float]:
    """Return how long each trivial GET took until the process ended, ms."""
    took = []
    with httpx.Client(timeout=60) as client:
        while process.poll() is None:
            begin = time.monotonic()
            client.get(url)
            took.append((time.monotonic() - begin) * 1e3)
            time.sleep(0.05)
    return took


def name(transport: str, packed: bool, offered: float) -> str:
    return transport + " gzip" * packed + f" {offered / 1000:g} k/s" * bool(offered)


def measure(server: Server, transport: str, packed: bool, options: argparse.Namespace) -> float:
    """Load a server, print a row, and return how many spans it acknowledged."""
    address = server.grpc.removeprefix("http://") if transport == "grpc" else server.http
    command = [sys.executable, "-m", "tests.bench.ingest", str(options.seconds)]
    command += ["--load", transport, "--address", address, "--in-flight", str(options.in_flight)]
    command += ["--gzip"] * packed + ["--offered", str(options.offered)]
    command += ["--headers", options.headers]
    before = sum_of(cpu_s, server.pid)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        took = ask_meanwhile(f"{server.http}{options.health}", process)
        assert process.stdout
        said = json.loads(process.stdout.read())
    spans = max(said["spans"], 1)
    server_us = (sum_of(cpu_s, server.pid) - before) / spans * 1e6
    load_us = said["cpu"] / spans * 1e6
    print(
        f"{options.title or name(transport, packed, options.offered):<20}{said['rate']:>10.0f}"
        f"{said['p50']:>9.0f}{said['p99']:>9.0f}{server_us:>11.2f}{load_us:>9.2f}"
        f"{sum_of(peak_mib, server.pid):>10.0f}{np.percentile(took, 99):>10.1f}"
        f"{said['refused']:>9}"
    )
    return float(said["spans"])


def measure_peer(peer: Peer, options: argparse.Namespace) -> None:
    if peer.programs is None:
        print(f"{peer.name}: not installed, {peer.variable} does not say where")
        return
    options.title, options.health, options.offered = f"{peer.name}, HTTP", peer.health, 0
    options.headers, options.in_flight = json.dumps(peer.headers), PEER_REQUESTS
    with tempfile.TemporaryDirectory() as text, running(peer, Path(text)) as server:
        begin = time.monotonic()
        acknowledged = measure(server, "http", False, options)
        there = stored(Path(text) / peer.database)
        took = time.monotonic() - begin - IDLE_S
        print(
            f"  stored {there} of {acknowledged:.0f} acknowledged spans, {there / took:.0f} spans/s"
        )


def main(options: argparse.Namespace) -> None:
    template = Template()
    bodies = [template.body() for _ in range(REQUESTS)]
    print(f"{len(bodies[0]) / SPANS:.0f} bytes a span; decoded alone, spans/s a core:")
    for kind in [ArrowDecoder, NativeDecoder][: 1 + native.USING_C]:
        print(f"  {kind.__name__:<16}{spans_per_second(kind, bodies):>10.0f}")
    print(
        f"{options.in_flight} requests in flight, {options.seconds:g} s each\n"
        f"{'':<20}{'spans/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'server us':>11}{'load us':>9}"
        f"{'peak MiB':>10}{'GET p99':>10}{'refused':>9}"
    )
    for transport, packed, offered in RUNS:
        with (
            tempfile.TemporaryDirectory() as folder,
            start_server(Path(folder) / "data") as server,
        ):
            options.offered = offered
            measure(server, transport, packed, options)
    for peer in PEERS:
        measure_peer(peer, options)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=20)
    parser.add_argument("--in-flight", type=int, default=128)
    parser.add_argument("--load", choices=["grpc", "http"], help="be the process that sends")
    parser.add_argument("--address")
    parser.add_argument("--headers", default="{}", help="as JSON")
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--offered", type=float, default=0, help="spans a second; 0: all it takes")
    parser.set_defaults(title="", health="/healthz")
    return parser.parse_args()


if __name__ == "__main__":
    given = read_options()
    if given.load:
        asyncio.run(load(given))
    else:
        main(given)
