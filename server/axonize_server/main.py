"""serve(): the composition root; builds the parts, runs them, and stops them in reverse."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from importlib.metadata import version

from axonize_server import forking, logs  # noqa: F401  (forking: before what imports gRPC)
from axonize_server.accounts import Principal
from axonize_server.api.admin import Administration
from axonize_server.app import Parts, create_app
from axonize_server.auth.admin import AdminGate
from axonize_server.auth.gate import Gate, TenantKeyring
from axonize_server.auth.keys import Keyring, StaticKeyring
from axonize_server.auth.lookup import Lookup
from axonize_server.auth.revocation import watch
from axonize_server.auth.sessions import Sessions
from axonize_server.banner import announce, withdraw
from axonize_server.chores import Chore
from axonize_server.erasure import SWEEP_EVERY_S, Erasure, TraceErasure
from axonize_server.ingest.batcher import Batcher
from axonize_server.ingest.gpu import decode as gpu_metrics
from axonize_server.ingest.http import build_router
from axonize_server.ingest.receiver import Submits
from axonize_server.ingest.signals import METRICS, TRACES
from axonize_server.listeners import Addresses, bind, run_grpc, run_http
from axonize_server.lock import DataLock
from axonize_server.metrics import about, collect
from axonize_server.model import DomainError, StartError, StoreUnavailable
from axonize_server.retention import EVERY_S as EXPIRE_EVERY_S
from axonize_server.retention import Expiry
from axonize_server.settings import ServerSettings, load_settings
from axonize_server.store.clickhouse.export.reader import ExportReader
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.minutes.rollup import MinuteRollup
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.removal.days import DayEraser
from axonize_server.store.clickhouse.removal.traces import TraceEraser
from axonize_server.store.clickhouse.steps.reader import StepReader
from axonize_server.store.clickhouse.tenants.eraser import TenantEraser
from axonize_server.store.clickhouse.tenants.reader import UsageReader
from axonize_server.store.clickhouse.traces.rollup import TraceRollup
from axonize_server.store.clickhouse.writer import GpuMetricWriter, SpanWriter
from axonize_server.store.databases import Databases
from axonize_server.store.postgres.deletions import Deletions
from axonize_server.store.postgres.gpus import GpuRegistry
from axonize_server.store.postgres.keys import Keys
from axonize_server.store.postgres.servers import Servers
from axonize_server.store.postgres.sessions import SessionStore
from axonize_server.store.postgres.tenants import Tenants
from axonize_server.store.postgres.usage import UsageRecords
from axonize_server.store.registrar import Registrar
from axonize_server.suspension import Suspension
from axonize_server.usage import Meter, Quota, recording, within_quota

OK, REFUSED = 0, 2
METRICS_QUEUE_BYTES = 32 << 20
# The databases may take this long to close, after what stop_timeout_s allows the receivers.
CLOSING_S = 20.0


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; return 0, or 2 after saying why the server cannot start."""
    return _run(arguments, lambda settings: asyncio.run(serve(settings)))


def migrate(arguments: argparse.Namespace) -> int:
    """Bring the databases to this release and return 0, or 2 after saying why that cannot be."""
    return _run(arguments, _migrate)


def _run(arguments: argparse.Namespace, work: Callable[[ServerSettings], None]) -> int:
    logs.configure()
    names = ServerSettings.__dataclass_fields__
    given = {name: value for name, value in vars(arguments).items() if name in names}
    try:
        work(_settings(given))
    except DomainError as error:
        print(f"axonize: {error}", file=sys.stderr)
        return REFUSED
    return OK


def _settings(given: dict[str, object]) -> ServerSettings:
    try:
        return load_settings(given)
    except ValueError as error:
        raise StartError(str(error)) from None


def _migrate(settings: ServerSettings) -> None:
    lock = DataLock(settings.data_path)
    try:
        databases = Databases(settings)
        databases.close()
    finally:
        lock.release()
    for name in databases.applied:
        print(f"applied {name}")
    print("The databases are up to date.")


async def serve(settings: ServerSettings) -> None:
    """Run the server until a signal; every part is stopped in the reverse order of its start."""
    stop = _stop_on_signals()
    async with AsyncExitStack() as stack:
        lock = DataLock(settings.data_path)
        stack.callback(lock.release)
        socket = stack.enter_context(bind(settings, "http_port"))
        with bind(settings, "grpc_port"):
            pass  # gRPC binds it later by itself, and could only say that it failed
        databases = await asyncio.to_thread(Databases, settings)
        stack.push_async_callback(asyncio.to_thread, databases.close)
        gpu_reader = GpuReader(databases.reading, settings.query_limits)
        gpu_registry = GpuRegistry(databases.postgres)
        registrar = Registrar(gpu_reader, gpu_registry)
        stack.push_async_callback(asyncio.to_thread, registrar.stop)
        tenants, servers = Tenants(databases.postgres), Servers(databases.postgres)
        suspension = Suspension(tenants, servers)
        stack.push_async_callback(_leave, suspension)
        batcher = Batcher(SpanWriter(databases.writing).insert, is_suspended=suspension.holds)
        stack.push_async_callback(batcher.close)
        gpu_batcher = Batcher(
            GpuMetricWriter(databases.writing_metrics).insert,
            decoder=gpu_metrics.Decoder,
            max_queue_bytes=METRICS_QUEUE_BYTES,
            is_suspended=suspension.holds,
        )
        stack.push_async_callback(gpu_batcher.close)
        suspension.settle += [batcher.settle, gpu_batcher.settle]
        usage_reader = UsageReader(databases.reading, settings.query_limits)
        quota = Quota(usage_reader, tenants)
        submits: Submits = {
            TRACES: within_quota(batcher.submit, quota),
            METRICS: gpu_batcher.submit,
        }
        if settings.role == "query":
            submits = {}
        meter = Meter(usage_reader, UsageRecords(databases.postgres))
        cluster = settings.clickhouse_cluster
        trace_erasure = TraceErasure(
            TraceEraser(databases.reading, cluster), Deletions(databases.postgres)
        )
        if settings.role != "query":
            await _keep_rolled_up(databases, stack)
            expiry = Expiry(tenants, meter, DayEraser(databases.reading, cluster))
            for chore in (
                Chore(expiry.enforce, EXPIRE_EVERY_S, "what is over is not removed"),
                Chore(trace_erasure.sweep, SWEEP_EVERY_S, "late spans of deleted traces stay"),
            ):
                chore.start()
                stack.push_async_callback(asyncio.to_thread, chore.close)
        await stack.enter_async_context(recording(meter, tenants))
        keys, session_store = Keys(databases.postgres), SessionStore(databases.postgres)
        known_keys, known_sessions = Lookup(keys.use), Lookup(session_store.find)
        gate = Gate(_keyring(settings, known_keys))
        if not gate.is_open:
            watching = watch(
                keys.version,
                [known_keys.forget, known_sessions.forget],
                put_into_effect=suspension.put_into_effect,
            )
            await stack.enter_async_context(watching)
        sessions = Sessions(gate, session_store, known_sessions)
        identity = about(version("axonize"), databases.schema)
        app = create_app(
            Parts(
                reader=SpanReader(databases.reading, settings.query_limits),
                step_reader=StepReader(databases.reading, settings.query_limits),
                trace_erasure=trace_erasure,
                export_reader=ExportReader(databases.reading, settings.query_limits),
                gpu_reader=gpu_reader,
                gpu_registry=gpu_registry,
                authenticate=gate.authenticate,
                sessions=sessions,
                administration=Administration(
                    tenants=tenants,
                    keys=keys,
                    meter=meter,
                    erasure=Erasure(
                        tenants, TenantEraser(databases.reading, cluster), servers, keys.version
                    ),
                    gate=AdminGate(settings.admin_key, gate.authenticate, sessions),
                ),
                answers_questions=settings.role != "ingest",
                receivers=[build_router(submits, gate.authenticate)],
                minute_reader=MinuteReader(databases.reading, settings.query_limits),
                probes={
                    "clickhouse": databases.probing.ping,
                    "postgres": databases.postgres.ping,
                },
                allowed_hosts=settings.allowed_hosts if settings.is_open else None,
                metrics=lambda: [
                    *collect(batcher.counters, gpu_batcher.counters, quota.refused),
                    *identity,
                ],
            )
        )
        async with (
            run_grpc(settings, submits, gate.authenticate) as grpc_port,
            run_http(settings, app, socket),
        ):
            addresses = Addresses.of(settings.host, socket.getsockname()[1], grpc_port)
            lock.write(addresses.http)
            announce(settings, addresses, databases.applied)
            stack.callback(withdraw, settings)
            # What was built so far lives as long as the process: a full collection that looked
            # through it would hold every request up for some 0.1 s.
            gc.freeze()
            await stop.wait()
            _exit_when_stuck(settings.stop_timeout_s + CLOSING_S)


def _keyring(settings: ServerSettings, known: Lookup[Principal]) -> Keyring:
    if settings.auth_mode == "static":
        return StaticKeyring(settings.api_key)
    return TenantKeyring(known)


async def _leave(suspension: Suspension) -> None:
    """Say that this server has ended; when nobody hears it, others find out by themselves."""
    with suppress(StoreUnavailable):
        await asyncio.to_thread(suspension.leave)


async def _keep_rolled_up(databases: Databases, stack: AsyncExitStack) -> None:
    """Roll up what is stored, in threads that end before the databases do."""
    for rollup in (TraceRollup(databases.rolling_up), MinuteRollup(databases.rolling_up)):
        rollup.start()
        stack.push_async_callback(asyncio.to_thread, rollup.close)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _exit_when_stuck(seconds: float) -> None:
    """End the process when the stop takes too long: what was acknowledged is stored already."""
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()
