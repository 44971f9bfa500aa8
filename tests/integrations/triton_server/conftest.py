"""A real Triton Inference Server under axonize-instrument, and clients in this process."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from axonize import lifecycle, patching
from axonize.integrations.triton_server import TRITON_SERVER
from axonize.spans import KINDS, STATUSES
from axonize.speed import RingBuffer, configure
from tests.integrations.collector import Collector, Received, collecting

# Collected where PyTriton is installed, and nowhere else: it needs an environment of its own.
HERE = all(map(importlib.util.find_spec, ("pytriton", "tritonclient")))
collect_ignore_glob = [] if HERE else ["test_*.py"]


@pytest.fixture(scope="session")
def _binary() -> None:
    """Skip where the server's binary cannot run."""
    from tests.integrations.triton_server.server import environment, program

    done = subprocess.run(
        [program(), "--help"], env=environment(""), capture_output=True, text=True, check=False
    )
    if done.returncode < 0 or done.returncode in (126, 127):
        pytest.skip(f"tritonserver cannot run here: {done.stderr.strip() or done.returncode}")


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture(scope="session")
def ports(
    _binary: None, collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int]]:
    """Run the server as it is; its ports for HTTP and gRPC."""
    from tests.integrations.triton_server.server import serving

    with serving(tmp_path_factory.mktemp("triton"), collector) as found:
        yield found


@pytest.fixture(scope="session")
def traced_ports(
    _binary: None, collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int]]:
    """Run the server with its own OpenTelemetry trace."""
    from tests.integrations.triton_server.server import collecting_json, serving

    with collecting_json(collector) as url:
        settings = ("mode=opentelemetry", f"opentelemetry,url={url}", "rate=1", "level=TIMESTAMPS")
        arguments = [f"--trace-config={setting}" for setting in settings]
        with serving(tmp_path_factory.mktemp("traced"), collector, *arguments) as found:
            yield found


class Traces:
    """The spans of this process's clients, and those of the server that lie below them."""

    def __init__(self, collector: Collector, buffer: RingBuffer) -> None:
        self._collector = collector
        self._buffer = buffer
        self._asked: list[Received] = []

    def asked(self) -> list[Received]:
        """Return the spans of the clients, in the order in which they began."""
        self._asked += [received(span) for span in self._buffer.drain(1000)]
        return sorted(self._asked, key=lambda span: span.start_ns)

    def tree(self, enough: int) -> list[Received]:
        """Wait for so many spans of the server in the clients' traces; return the roots."""
        asked = self.asked()
        traces = {span.trace_id for span in asked}

        def there() -> list[Received]:
            return [span for span in self._collector.spans if span.trace_id in traces]

        self._collector.wait(lambda: len(there()) >= enough, 90)
        whole = Collector()
        whole.spans = [*asked, *there()]
        return [root for roots in whole.roots().values() for root in roots]


def received(span: Any) -> Received:
    return Received(
        name=span.name,
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        kind=KINDS.index(span.kind) + 1,
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        status=STATUSES.index(span.status),
        attributes=span.attributes,
        events=[],
        links=[],
        resource={"service.name": "client"},
    )


@pytest.fixture
def traces(collector: Collector) -> Iterator[Traces]:
    buffer = RingBuffer(1000)
    configure(buffer)
    patching.install(TRITON_SERVER)
    yield Traces(collector, buffer)
    patching.uninstall(TRITON_SERVER)
    lifecycle.reconnect()


def outline(span: Received) -> Any:
    """Return the names of a tree alone, as Recorded.outline() does."""
    below = [outline(child) for child in span.children]
    return (span.name, below) if below else span.name


Outline = Callable[[Received], Any]
