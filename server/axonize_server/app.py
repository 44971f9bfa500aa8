"""create_app(): the routes, the errors and the OpenAPI document of the server."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from axonize_server import ui
from axonize_server.api import errors, health
from axonize_server.api.analytics import AnalyticsController
from axonize_server.api.compression import compress
from axonize_server.api.gpus import GpuController
from axonize_server.api.metrics import Metric
from axonize_server.api.steps import StepController
from axonize_server.api.traces import TraceController
from axonize_server.auth.guards import provide_tenant, require_key
from axonize_server.auth.keys import Authenticate, static_key
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.steps.reader import StepReader


@dataclass(frozen=True)
class Parts:
    """What the application is put together from."""

    reader: SpanReader
    step_reader: StepReader
    gpu_reader: GpuReader
    minute_reader: MinuteReader
    authenticate: Authenticate
    receivers: Sequence[Router] = ()
    probes: Mapping[str, Callable[[], bool]] = field(default_factory=dict)
    metrics: Callable[[], Iterable[Metric]] = tuple


def create_app(parts: Parts) -> Litestar:
    """Return the ASGI application; it owns none of its parts."""
    api = Router(
        "/api/v1",
        route_handlers=[TraceController, StepController, GpuController, AnalyticsController],
        guards=[require_key(parts.authenticate)],
        dependencies={
            "tenant": Provide(provide_tenant),
            "reader": Provide(lambda: parts.reader, sync_to_thread=False),
            "step_reader": Provide(lambda: parts.step_reader, sync_to_thread=False),
            "gpu_reader": Provide(lambda: parts.gpu_reader, sync_to_thread=False),
            "minute_reader": Provide(lambda: parts.minute_reader, sync_to_thread=False),
        },
        security=[{"key": []}],
    )
    return Litestar(
        route_handlers=[
            api,
            health.build_controller(parts.probes, parts.metrics),
            *parts.receivers,
            ui.build_controller(),
        ],
        exception_handlers=errors.HANDLERS,
        middleware=[compress],
        openapi_config=_openapi(),
        logging_config=None,
    )


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
            authenticate=static_key(""),
        )
    )
    return json.dumps(app.openapi_schema.to_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(openapi_document())
