"""One trace of a cold start: from the start of the process until requests are served.

The processes of one engine share it: the front end leaves its span on the VllmConfig, which vLLM
hands to the engine's process, and that one to its workers.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from axonize import semconv
from axonize.context import ROOT, SpanContext
from axonize.engine import names
from axonize.integrations.vllm.identity import describe
from axonize.patching import Call, Observer
from axonize.speed import Span, current_span

KEY = "_axonize_cold_start"
IMPORTED_NS = time.time_ns()


class _Start:
    """The start that this process is in: its span, and the one that waits for the server."""

    span: Span | None = None
    server: Span | None = None
    process_seen = False  # a second engine of a process does not start with the process


_start = _Start()


def create_config(_: Call) -> Observer:
    """Begin the trace where the engine's configuration is made."""
    if _start.span is not None:  # the configuration of one engine is made more than once
        return
    begin_ns = time.time_ns()
    first_ns = begin_ns if _start.process_seen else process_start_ns()
    _start.process_seen = True
    span = _start.span = Span("cold start", {semconv.SETUP: True}, parent=ROOT, start_ns=first_ns)
    if first_ns < begin_ns:
        Span("imports", parent=span, start_ns=first_ns).end(begin_ns)
    try:
        with Span("config", parent=span):
            config = yield
    except BaseException as error:
        _failed(error)
        raise
    span.set_attributes(describe(config).attributes)
    setattr(config, KEY, _context(span))


def engine_init(call: Call) -> Observer:
    """Follow the front end while it waits for its engine; without a server it is ready then."""
    span = _start.span
    config = call.argument("vllm_config")
    if span is None:
        return
    try:
        with Span("engine", parent=span) as waiting:
            setattr(config, KEY, _context(waiting))
            yield
    except BaseException as error:
        _failed(error)
        raise
    usage = getattr(call.argument("usage_context"), "name", "")
    if usage == "OPENAI_API_SERVER":
        _start.server = Span("server", parent=span)
    else:
        ready()


def server_startup(_: Call) -> Observer:
    """Take the start of the HTTP server as the end of the cold start."""
    yield
    if _start.server is not None:
        ready()


def api_servers_init(_: Call) -> Observer:
    """End here where the HTTP servers are processes of their own, each with its own trace."""
    yield
    ready()


def core_init(call: Call) -> Observer:
    """Follow the engine in its process, from the start of that process."""
    config = call.argument("vllm_config")
    context = getattr(config, KEY, None)
    if context is None:
        return
    if current_span.get() is None:  # a process of its own
        Span("engine process", parent=context, start_ns=process_start_ns()).end()
    with Span("engine core", parent=context) as span:
        setattr(config, KEY, _context(span))
        yield


def load_model(call: Call) -> Observer:
    """Follow a worker that loads the weights, from the start of its process if it has one."""
    context = getattr(call.instance.vllm_config, KEY, None)
    if context is not None and current_span.get() is None:
        Span("worker process", parent=context, start_ns=process_start_ns()).end()
    yield from _follow(call, "weights")


def determine_available_memory(call: Call) -> Observer:
    """Follow a worker that runs the model once to see what memory is left for the KV cache."""
    yield from _follow(call, "kv profiling")


def initialize_from_config(call: Call) -> Observer:
    """Follow a worker that takes memory for the KV cache."""
    yield from _follow(call, "kv cache")


def compile_or_warm_up_model(call: Call) -> Observer:
    """Follow a worker that compiles, captures graphs and warms up."""
    yield from _follow(call, "warm-up")


def ready() -> None:
    """End the trace: requests can be served."""
    for span in (_start.server, _start.span):
        if span is not None:
            span.end()
    _start.span = _start.server = None


def process_start_ns() -> int:
    """Return when this process was started, in Unix ns; where the kernel does not say, a guess."""
    try:
        # proc(5): field 22 of stat, in clock ticks since the host started.
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        since_boot_ns = int(fields[19]) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
        return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME) + since_boot_ns
    except (OSError, AttributeError):
        return IMPORTED_NS


def _follow(call: Call, name: str) -> Observer:
    context = getattr(call.instance.vllm_config, KEY, None)
    if context is None:
        return
    with Span(name, parent=context) as span:
        span.set_attribute(names.WORKER_RANK, call.instance.rank)
        yield


def _failed(error: BaseException) -> None:
    if _start.span is not None:
        _start.span.record_exception(error)
        _start.span.set_status("error", str(error))
    ready()


def _context(span: Span) -> SpanContext:
    return SpanContext(span.trace_id, span.span_id, span.trace_flags)
