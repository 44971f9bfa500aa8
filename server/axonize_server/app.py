"""create_app(): the routes, the errors and the OpenAPI document of the server."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp, ControllerRouterHandler

from axonize_server import ui
from axonize_server.accounts import Scope
from axonize_server.api import admin, errors, health
from axonize_server.api.analytics import AnalyticsController
from axonize_server.api.compression import compress
from axonize_server.api.costs import CostController
from axonize_server.api.explain import ExplainController
from axonize_server.api.exports import ExportController
from axonize_server.api.gpus import GpuController, GpuPriceController
from axonize_server.api.metrics import Histogram, Metric
from axonize_server.api.processes import ProcessController
from axonize_server.api.requests import RequestController
from axonize_server.api.resources import ResourceController
from axonize_server.api.session import SessionController
from axonize_server.api.steps import StepController
from axonize_server.api.traces import TraceController
from axonize_server.auth.admin import AdminGate
from axonize_server.auth.gate import Authenticate, Gate
from axonize_server.auth.guards import lets_in, provide_tenant, require_key
from axonize_server.auth.hosts import check_hosts
from axonize_server.auth.keys import StaticKeyring
from axonize_server.auth.lookup import Lookup
from axonize_server.auth.sessions import Sessions
from axonize_server.correlation import correlate
from axonize_server.erasure import Erasure, TraceErasure
from axonize_server.query.cost import CostBook
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.costs.reader import CostReader
from axonize_server.store.clickhouse.export.reader import ExportReader
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.processes.reader import ProcessReader
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.removal.traces import TraceEraser
from axonize_server.store.clickhouse.steps.reader import StepReader
from axonize_server.store.clickhouse.tenants.eraser import TenantEraser
from axonize_server.store.clickhouse.tenants.reader import UsageReader
from axonize_server.store.postgres.connection import Postgres
from axonize_server.store.postgres.deletions import Deletions
from axonize_server.store.postgres.gpus import GpuRegistry
from axonize_server.store.postgres.keys import Keys
from axonize_server.store.postgres.prices import GpuPrices
from axonize_server.store.postgres.servers import Servers
from axonize_server.store.postgres.sessions import SessionStore
from axonize_server.store.postgres.tenants import Tenants
from axonize_server.store.postgres.usage import UsageRecords
from axonize_server.usage import Meter


def nobody() -> admin.Administration:
    """Return an administration that lets nobody in."""
    nowhere, unread = Postgres(""), ClientPool("", size=0)
    tenants = Tenants(nowhere)
    return admin.Administration(
        tenants=tenants,
        keys=Keys(nowhere),
        meter=Meter(UsageReader(unread, {}), UsageRecords(nowhere)),
        suspend=tenants.suspend,
        erasure=Erasure(
            tenants, tenants.suspend, TenantEraser(unread), Servers(nowhere), Keys(nowhere).version
        ),
        gate=AdminGate("", Gate(StaticKeyring("")).authenticate, no_sessions()),
    )


def no_erasure() -> TraceErasure:
    """Return what erases nothing, for want of databases."""
    return TraceErasure(TraceEraser(ClientPool("", size=0)), Deletions(Postgres("")))


def no_sessions() -> Sessions:
    """Return sessions that nobody has, and nobody can make."""
    gate = Gate(StaticKeyring(secrets.token_urlsafe(32)))
    return Sessions(gate, SessionStore(Postgres("")), Lookup(lambda _: None))


def no_costs() -> CostBook:
    """Return the costs of nobody."""
    return CostBook(CostReader(ClientPool("", size=0), {}), GpuPrices(Postgres("")), {})


@dataclass(frozen=True)
class Parts:
    """What the application is put together from."""

    reader: SpanReader
    step_reader: StepReader
    gpu_reader: GpuReader
    gpu_registry: GpuRegistry
    minute_reader: MinuteReader
    authenticate: Authenticate
    trace_erasure: TraceErasure = field(default_factory=no_erasure)
    export_reader: ExportReader = field(
        default_factory=lambda: ExportReader(ClientPool("", size=0), {})
    )
    process_reader: ProcessReader = field(
        default_factory=lambda: ProcessReader(ClientPool("", size=0), {})
    )
    cost_book: CostBook = field(default_factory=no_costs)
    administration: admin.Administration = field(default_factory=nobody)
    sessions: Sessions = field(default_factory=no_sessions)
    receivers: Sequence[Router] = ()
    answers_questions: bool = True
    """Whether the API and the UI are there beside the receivers."""
    pricing: Scope = "admin"
    """What a key needs to set the prices of GPUs."""
    probes: Mapping[str, Callable[[], bool]] = field(default_factory=dict)
    metrics: Callable[[], Iterable[Metric | Histogram]] = tuple
    allowed_hosts: Sequence[str] | None = None
    """Names that the server answers to beside those of this machine; None: to every name."""


def create_app(parts: Parts) -> Litestar:
    """Return the ASGI application; it owns none of its parts."""
    api = Router(
        "/api/v1",
        route_handlers=[
            TraceController,
            ExportController,
            StepController,
            ExplainController,
            GpuController,
            AnalyticsController,
            RequestController,
            CostController,
            ResourceController,
            ProcessController,
            SessionController,
        ],
        guards=[require_key(parts.authenticate, parts.sessions, "read")],
        dependencies={
            "cost_book": Provide(lambda: parts.cost_book, sync_to_thread=False),
            "tenant": Provide(provide_tenant),
            "sessions": Provide(lambda: parts.sessions, sync_to_thread=False),
            "reader": Provide(lambda: parts.reader, sync_to_thread=False),
            "step_reader": Provide(lambda: parts.step_reader, sync_to_thread=False),
            "gpu_reader": Provide(lambda: parts.gpu_reader, sync_to_thread=False),
            "trace_erasure": Provide(lambda: parts.trace_erasure, sync_to_thread=False),
            "export_reader": Provide(lambda: parts.export_reader, sync_to_thread=False),
            "gpu_registry": Provide(lambda: parts.gpu_registry, sync_to_thread=False),
            "minute_reader": Provide(lambda: parts.minute_reader, sync_to_thread=False),
            "process_reader": Provide(lambda: parts.process_reader, sync_to_thread=False),
        },
        security=[{"key": []}],
    )
    prices = Router(
        "/api/v1",
        route_handlers=[GpuPriceController],
        guards=[require_key(parts.authenticate, parts.sessions, parts.pricing)],
        dependencies={
            "tenant": Provide(provide_tenant),
            "cost_book": Provide(lambda: parts.cost_book, sync_to_thread=False),
            "gpu_reader": Provide(lambda: parts.gpu_reader, sync_to_thread=False),
            "gpu_registry": Provide(lambda: parts.gpu_registry, sync_to_thread=False),
        },
        security=[{"key": []}],
    )
    management = Router(
        "/api/v1",
        route_handlers=[admin.build_router(parts.administration)],
        security=[{"key": []}],
    )
    pages = ui.build_controller(lets_in(parts.sessions))
    questions: list[ControllerRouterHandler] = [api, prices, management, pages]
    return Litestar(
        route_handlers=[
            *(questions if parts.answers_questions else ()),
            health.build_controller(parts.probes, parts.metrics),
            *parts.receivers,
        ],
        exception_handlers=errors.HANDLERS,
        middleware=_middleware(parts),
        openapi_config=_openapi(),
        logging_config=None,
    )


def _middleware(parts: Parts) -> list[Callable[[ASGIApp], ASGIApp]]:
    hosts = parts.allowed_hosts
    return [correlate, *([] if hosts is None else [check_hosts(hosts)]), compress]


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Axonize",
        version=version("axonize"),
        description="Traces of AI inference. Times are RFC 3339, ids lowercase hex, "
        "durations in ms unless a name says otherwise; errors are RFC 9457 documents.",
        path="/schema",
        render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"]), YamlRenderPlugin()],
        components=Components(
            security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}
        ),
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, _method, _path: handler.handler_name,
    )


def openapi_document() -> str:
    """Return the OpenAPI document as JSON, without opening a database."""
    nowhere = ClientPool("", size=0)
    app = create_app(
        Parts(
            reader=SpanReader(nowhere, {}),
            step_reader=StepReader(nowhere, {}),
            gpu_reader=GpuReader(nowhere, {}),
            minute_reader=MinuteReader(nowhere, {}),
            gpu_registry=GpuRegistry(Postgres("")),
            authenticate=Gate(StaticKeyring("")).authenticate,
        )
    )
    return json.dumps(app.openapi_schema.to_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(openapi_document())
