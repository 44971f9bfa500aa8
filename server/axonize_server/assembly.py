"""Builds the parts of the server on its databases; a stack stops them in the reverse order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial

from litestar import Litestar

from axonize_server.accounts import Principal
from axonize_server.api.admin import Administration
from axonize_server.api.metrics import Histogram, Metric
from axonize_server.app import Parts, create_app
from axonize_server.auth.admin import AdminGate
from axonize_server.auth.gate import Gate, TenantKeyring
from axonize_server.auth.keys import Keyring, StaticKeyring
from axonize_server.auth.lookup import Lookup
from axonize_server.auth.revocation import watch
from axonize_server.auth.sessions import Sessions
from axonize_server.chores import Chore, start
from axonize_server.erasure import SWEEP_EVERY_S, Erasure, TraceErasure
from axonize_server.genai import Totals
from axonize_server.ingest.batcher import Batcher
from axonize_server.ingest.gpu import decode as gpu_metrics
from axonize_server.ingest.http import build_router
from axonize_server.ingest.receiver import Submits
from axonize_server.ingest.signals import METRICS, TRACES
from axonize_server.metrics import collect, describe, histograms, retention
from axonize_server.model import StoreUnavailable
from axonize_server.query.cost import CostBook
from axonize_server.retention import EVERY_S as EXPIRE_EVERY_S
from axonize_server.retention import Expiry, LongestKept
from axonize_server.settings import ServerSettings
from axonize_server.store.clickhouse.costs.reader import CostReader
from axonize_server.store.clickhouse.export.reader import ExportReader
from axonize_server.store.clickhouse.genai.reader import GenAiReader
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.minutes.rollup import ENGINES, TICKS, MinuteRollup
from axonize_server.store.clickhouse.parts.mender import LOOK_EVERY_S
from axonize_server.store.clickhouse.processes.reader import ProcessReader
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
from axonize_server.store.postgres.prices import GpuPrices
from axonize_server.store.postgres.servers import Servers
from axonize_server.store.postgres.sessions import SessionStore
from axonize_server.store.postgres.tenants import Tenants
from axonize_server.store.postgres.usage import UsageRecords
from axonize_server.store.registrar import Registrar
from axonize_server.suspension import FOLLOW_EVERY_S, SETTLE_EVERY_S, Suspension
from axonize_server.usage import Meter, Quota, recording, within_quota

METRICS_QUEUE_BYTES = 32 << 20


@dataclass(frozen=True)
class Accounts:
    """Who may do what, and how much of it they did."""

    tenants: Tenants
    keys: Keys
    meter: Meter
    quota: Quota
    gate: Gate
    sessions: Sessions
    servers: Servers
    suspension: Suspension
    forget: Sequence[Callable[[], None]]
    """What is remembered of keys and sessions, each to be forgotten when one is revoked."""


@dataclass(frozen=True)
class Ingest:
    """What takes OTLP: one way in for each signal, none in the role of answering questions."""

    spans: Batcher
    points: Batcher
    submits: Submits


async def assemble(
    settings: ServerSettings, databases: Databases, stack: AsyncExitStack
) -> tuple[Litestar, Ingest, Gate]:
    """Return the application, what both receivers submit to, and who is let in."""
    registry = GpuRegistry(databases.postgres)
    gpus = GpuReader(databases.reading, settings.query_limits)
    registrar = Registrar(gpus, registry)
    stack.push_async_callback(asyncio.to_thread, registrar.stop)
    accounts = await _open_accounts(settings, databases, stack)
    accounts.suspension.roll_ups.append(registrar.settle)
    ingest = _open_ingest(settings, databases, accounts, registrar, stack)
    erasure = TraceErasure(
        TraceEraser(databases.removing, settings.clickhouse_cluster), Deletions(databases.postgres)
    )
    if databases.mender is not None:
        start(Chore(databases.mender.look, LOOK_EVERY_S, "cut parts are not put back"), stack)
    _follow_suspensions(accounts, stack)
    if settings.role != "query":
        await _keep_rolled_up(databases, accounts.suspension, stack)
        _start_chores(settings, databases, accounts, erasure, stack)
    await _watch_keys(accounts, stack)
    authenticate = accounts.gate.authenticate
    parts = Parts(
        reader=SpanReader(databases.reading, settings.query_limits),
        step_reader=StepReader(databases.reading, settings.query_limits),
        trace_erasure=erasure,
        export_reader=ExportReader(databases.reading, settings.query_limits),
        gpu_reader=gpus,
        gpu_registry=registry,
        minute_reader=MinuteReader(databases.reading, settings.query_limits),
        process_reader=ProcessReader(databases.reading, settings.query_limits),
        cost_book=CostBook(
            CostReader(databases.reading, settings.query_limits),
            GpuPrices(databases.postgres),
            settings.cost_per_hour_usd,
        ),
        pricing="read" if settings.auth_mode == "static" else "admin",
        authenticate=authenticate,
        sessions=accounts.sessions,
        administration=_administration(settings, databases, accounts),
        answers_questions=settings.role != "ingest",
        receivers=[build_router(ingest.submits, authenticate)],
        probes={"clickhouse": databases.probing.ping, "postgres": databases.postgres.ping},
        allowed_hosts=settings.allowed_hosts if settings.is_open else None,
        metrics=await asyncio.to_thread(_metrics, settings, databases, ingest, accounts),
    )
    return create_app(parts), ingest, accounts.gate


async def _open_accounts(
    settings: ServerSettings, databases: Databases, stack: AsyncExitStack
) -> Accounts:
    tenants, keys = Tenants(databases.postgres), Keys(databases.postgres)
    session_store = SessionStore(databases.postgres)
    known_keys, known_sessions = Lookup(keys.use), Lookup(session_store.find)
    usage = UsageReader(databases.reading, settings.query_limits)
    meter = Meter(usage, UsageRecords(databases.postgres))
    gate = Gate(_keyring(settings, known_keys))
    await stack.enter_async_context(recording(meter, tenants))
    servers = Servers(databases.postgres)
    suspension = Suspension(tenants, servers, keys.version)
    stack.push_async_callback(_leave, suspension)
    return Accounts(
        tenants=tenants,
        keys=keys,
        meter=meter,
        quota=Quota(usage, tenants),
        gate=gate,
        sessions=Sessions(gate, session_store, known_sessions),
        servers=servers,
        suspension=suspension,
        forget=[known_keys.forget, known_sessions.forget],
    )


async def _leave(suspension: Suspension) -> None:
    """Say that this server has ended; when nobody hears it, others find out by themselves."""
    with suppress(StoreUnavailable):
        await asyncio.to_thread(suspension.leave)


async def _watch_keys(accounts: Accounts, stack: AsyncExitStack) -> None:
    if accounts.gate.is_open:
        return
    await stack.enter_async_context(watch(accounts.keys.version, accounts.forget))


def _follow_suspensions(accounts: Accounts, stack: AsyncExitStack) -> None:
    """Follow them beside the keys, for which nothing may wait; to be started before roll-ups.

    These then end before, and nothing waits for what they begin while the server stops.
    """
    if accounts.gate.is_open:
        return
    follow, settle = accounts.suspension.follow, accounts.suspension.put_into_effect
    for chore in (
        Chore(follow, FOLLOW_EVERY_S, "who is suspended is not noticed"),
        Chore(settle, SETTLE_EVERY_S, "deletions of tenants wait"),
    ):
        start(chore, stack)


def _keyring(settings: ServerSettings, known: Lookup[Principal]) -> Keyring:
    if settings.auth_mode == "static":
        return StaticKeyring(settings.api_key)
    return TenantKeyring(known)


def _administration(
    settings: ServerSettings, databases: Databases, accounts: Accounts
) -> Administration:
    eraser = TenantEraser(databases.removing, settings.clickhouse_cluster)
    return Administration(
        tenants=accounts.tenants,
        keys=accounts.keys,
        meter=accounts.meter,
        suspend=accounts.suspension.suspend,
        erasure=Erasure(
            accounts.tenants,
            accounts.suspension.silence,
            eraser,
            accounts.servers,
            accounts.keys.version,
        ),
        gate=AdminGate(settings.admin_key, accounts.gate.authenticate, accounts.sessions),
    )


def _open_ingest(
    settings: ServerSettings,
    databases: Databases,
    accounts: Accounts,
    registrar: Registrar,
    stack: AsyncExitStack,
) -> Ingest:
    suspension = accounts.suspension
    spans = Batcher(SpanWriter(databases.writing).insert, is_suspended=suspension.holds)
    stack.push_async_callback(spans.close)
    points = Batcher(
        GpuMetricWriter(databases.writing_metrics).insert,
        decoder=partial(gpu_metrics.Decoder, registrar.note),
        max_queue_bytes=METRICS_QUEUE_BYTES,
        is_suspended=suspension.holds,
    )
    stack.push_async_callback(points.close)
    suspension.settle += [spans.settle, points.settle]
    if settings.role == "query":
        return Ingest(spans, points, {})
    return Ingest(
        spans,
        points,
        {TRACES: within_quota(spans.submit, accounts.quota), METRICS: points.submit},
    )


def _metrics(
    settings: ServerSettings, databases: Databases, ingest: Ingest, accounts: Accounts
) -> Callable[[], Iterable[Metric | Histogram]]:
    """Return what says the numbers of the server, and of the traced services when asked to."""
    reader = GenAiReader(databases.reading, settings.query_limits)
    fixed = describe(time.time(), databases.schema)
    kept = LongestKept(accounts.tenants)
    totals = Totals(reader.count) if settings.genai_metrics else None

    def read() -> Iterable[Metric | Histogram]:
        yield from fixed
        yield retention(kept.read())
        yield from collect(ingest.spans.counters, ingest.points.counters, accounts.quota.refused)
        if totals is not None:
            yield from histograms(totals)

    return read


async def _keep_rolled_up(
    databases: Databases, suspension: Suspension, stack: AsyncExitStack
) -> None:
    """Roll up what is stored, in threads that end before the databases do."""
    pool = databases.rolling_up
    counts = (MinuteRollup(pool), MinuteRollup(pool, TICKS), MinuteRollup(pool, ENGINES))
    for rollup in (TraceRollup(pool), *counts):
        suspension.roll_ups.append(rollup.settle)
        rollup.start()
        stack.push_async_callback(asyncio.to_thread, rollup.close)


def _start_chores(
    settings: ServerSettings,
    databases: Databases,
    accounts: Accounts,
    erasure: TraceErasure,
    stack: AsyncExitStack,
) -> None:
    days = DayEraser(databases.removing, settings.clickhouse_cluster)
    expiry = Expiry(accounts.tenants, accounts.meter, days)
    for chore in (
        Chore(expiry.enforce, EXPIRE_EVERY_S, "what is over is not removed"),
        Chore(erasure.sweep, SWEEP_EVERY_S, "late spans of deleted traces stay"),
    ):
        start(chore, stack)
