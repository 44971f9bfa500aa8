"""Wires settings, sampling, buffer, worker and exporter; carries them over fork and exit."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from axonize import deferred, guard, late, recording, status
from axonize.config import Config, load
from axonize.engine.calls import Calls
from axonize.export import make_exporter
from axonize.export.exporter import Exporter
from axonize.export.gpu import GPUExport, lock_path
from axonize.export.health import HealthExport
from axonize.export.resource import describe_process
from axonize.export.worker import Worker
from axonize.gpu import open_backend
from axonize.gpu.profiler import Profiler
from axonize.guard import guarded
from axonize.host_lock import HostLock
from axonize.integrations import install_on_import
from axonize.pipeline import let_hurry
from axonize.sampling import Sampler, head_bound
from axonize.speed import RingBuffer, Span, configure, reseed
from axonize.version import VERSION

_logger = logging.getLogger("axonize")


def _settle() -> bool:
    """End what is known by now, so that it is sent with the rest; say whether there is more."""
    with guarded:
        if deferred.do_some():
            return True
        late.settle()
    return False


class Pipeline:
    """The way of ended spans to the collector, in this process.

    Nothing is started before the first span has ended, so that a process that only forks others
    has no thread and no connection.
    """

    def __init__(self, config: Config, exporter: Exporter | None = None) -> None:
        self.config = config
        self._exporter = exporter
        self._buffer = RingBuffer(config.buffer_size)
        self._resource = describe_process(config, VERSION)
        folder = status.directory(config.status_dir)
        self._status = status.StatusFile(folder)
        self.worker = Worker(
            self._buffer,
            lambda: exporter or make_exporter(config),
            self._resource,
            ("axonize", VERSION),
            batch_size=config.batch_size,
            interval_s=config.flush_interval_ms / 1000,
            timeout_s=config.export_timeout_ms / 1000,
            retry_bytes=config.retry_buffer_mb * 2**20,
            tick=self._tick,
            settle=_settle,
        )
        self._sampler = Sampler(
            self._push,
            errors=config.always_sample_errors,
            slow_ns=config.slow_threshold_ms * 1e6 if config.always_sample_slow else None,
            capacity=config.buffer_size,
        )
        self.profiler = Profiler(
            open_backend,
            interval_s=config.gpu_snapshot_interval_ms / 1000,
            started=self._start,
            prices=config.cost_per_hour_usd,
        )
        self.calls = Calls()
        self.gpu_export = GPUExport(
            self.profiler,
            HostLock(lock_path(folder, config)),
            self.worker.send_metrics,
            self._resource,
            ("axonize", VERSION),
            timeout_s=config.export_timeout_ms / 1000,
        )
        self._health = HealthExport(
            lambda: {**status.describe(), **self.describe()},
            self.worker.send_metrics,
            self._resource,
            ("axonize", VERSION),
            interval_s=config.health_interval_ms / 1000,
            timeout_s=config.export_timeout_ms / 1000,
            may_send=lambda: self.worker.delivery.answered,
        )
        self._wake_at, self._wake = 1, self._start

    def connect(self) -> None:
        """Let ended spans go this way from now on."""
        tail = self.config.always_sample_errors or self.config.always_sample_slow
        configure(
            self._buffer,
            sampling_bound=head_bound(self.config.sampling_rate),
            pending=self._sampler.begin if tail else None,
            wake_at=self._wake_at,
            wake=self._wake,
        )
        let_hurry(self._send_within)
        recording.describe_gpu = self.profiler.describe if self.config.gpu_profiling else None
        recording.meter_gpu = self.profiler.meter if self.config.gpu_profiling else None
        recording.engine_gpus = self.config.engine_gpus
        recording.begin_work, recording.hold_gpus = self.calls.begin, self.calls.hold
        recording.make_way = self.calls.make_way

    def settle(self, timeout_s: float | None = None) -> float:
        """End spans that wait for a device, in half of the time; return the seconds left."""
        longest_s = self._longest_s if timeout_s is None else timeout_s
        began = time.monotonic()
        with guarded:
            late.settle_within(longest_s / 2)
            late.give_up()
        return max(0.0, longest_s - (time.monotonic() - began))

    def stop(self, timeout_s: float | None = None) -> None:
        """Send what waits, for at most this long, and end the worker."""
        self.calls.close()
        self.profiler.stop()
        self._health.end()
        self.worker.stop(self._longest_s if timeout_s is None else timeout_s)
        self.gpu_export.stop()
        self._status.remove()

    def successor(self) -> Pipeline:
        """Make the same anew, for a forked child."""
        return Pipeline(self.config, self._exporter)

    def describe(self) -> Mapping[str, Any]:
        """Return what the status file says of the spans."""
        delivery = self.worker.delivery
        return {
            "exported": delivery.exported,
            "waiting": len(self._buffer),
            "retrying": len(delivery),
            "dropped": {
                "buffer full": self._buffer.dropped,
                "sampling buffer full": self._sampler.given_up,
                **delivery.dropped,
            },
            "last_error": delivery.last_error,
        }

    def describe_service(self) -> str:
        """Return the name under which this process is seen."""
        return str(self._resource["service.name"])

    @property
    def _longest_s(self) -> float:
        return min(self.config.exit_timeout_ms, self.config.export_timeout_ms) / 1000

    def _tick(self) -> None:
        with guarded:
            self.gpu_export.refresh()
        with guarded:
            self.calls.refresh()
        with guarded:
            self._health.refresh()
        self._status.refresh()

    def _start(self) -> None:
        if self._wake == self.worker.wake:
            return
        self.worker.start()
        self._wake_at, self._wake = self.config.batch_size, self.worker.wake
        if _current is self:
            self.connect()
        _cover_multiprocessing()

    def _send_within(self, seconds: float) -> None:
        self._start()
        self.worker.send_within(seconds)

    def _push(self, span: Span) -> None:
        if self._buffer.push(span) and len(self._buffer) >= self._wake_at:
            self._wake()


_current: Pipeline | None = None
_inherited: list[Pipeline] = []  # a forked child never touches, and never frees, these connections
_paused = _gpus_paused = False


def begin(arguments: Mapping[str, object], exporter: Exporter | None) -> None:
    """Load the settings, replace the pipeline and install the integrations.

    Raises ValueError for a bad argument.
    """
    complaints: list[str] = []
    config = load(Config, arguments, complain=None if guard.strict else complaints.append)
    if complaints:
        _logger.warning("; ".join(complaints))
    if config.disabled:
        replace(None)
        return
    replace(Pipeline(config, exporter))
    with guarded:
        install_on_import(config.integrations, config.disabled_integrations)


def flush(timeout_s: float) -> bool:
    """Send what has ended; true once all of it is acknowledged."""
    if _current is None:
        return True
    began = time.monotonic()
    settled = late.settle_within(timeout_s / 2)  # the rest is for sending
    left_s = max(0.0, timeout_s - (time.monotonic() - began))
    return _current.worker.flush(left_s) and settled


def replace(pipeline: Pipeline | None, timeout_s: float | None = None) -> None:
    """Use this pipeline from now on, and stop the one before it; None records nothing."""
    global _current
    if _current is not None:
        timeout_s = _current.settle(timeout_s)
        _current.calls.close()  # as long as what it records goes the same way
    previous, _current = _current, pipeline
    reconnect()
    if previous is not None:
        previous.stop(timeout_s)


def reconnect() -> None:
    """Let ended spans go where they belong, after something else took them."""
    if _current is None:
        configure(None)
        let_hurry(None)
        recording.describe_gpu = recording.meter_gpu = None
        recording.begin_work = recording.hold_gpus = recording.make_way = None
        recording.engine_gpus = ()
    else:
        _current.connect()


@guarded
def _finish() -> None:
    if _current is not None:
        _current.stop(_current.settle())


def _cover_multiprocessing() -> None:
    """Flush at the end of a multiprocessing child, which may leave without atexit.

    Its finalizers are cleared when it starts, so this is done with the first span.
    """
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        from multiprocessing.util import Finalize

        Finalize(None, _finish, exitpriority=100)


@guarded
def _before_fork() -> None:
    global _paused, _gpus_paused
    _gpus_paused = _current is not None and _current.profiler.pause()
    _paused = _current is not None and _current.worker.pause()


@guarded
def _after_fork_in_parent() -> None:
    if _paused and _current is not None:
        _current.worker.resume()
    if _gpus_paused and _current is not None:
        _current.profiler.resume()


@guarded
def _after_fork_in_child() -> None:
    global _current
    reseed()
    late.forget()
    if _current is not None:
        _current.gpu_export.release()
        _current.calls.over = True
        _inherited.append(_current)
        _current = _current.successor()
        _current.connect()


def _describe_part(name: str) -> object:
    return None if _current is None else _current.describe()[name]


status.add_section("service", lambda: _current and _current.describe_service())
status.add_section("endpoint", lambda: _current and _current.config.endpoint)
status.add_section("profiler", lambda: _current and _current.gpu_export.describe())
for _part in ("exported", "waiting", "retrying", "dropped", "last_error"):
    status.add_section(_part, partial(_describe_part, _part))

atexit.register(_finish)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
