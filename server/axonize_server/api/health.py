"""Controller: /healthz, /readyz, /metrics; open to everyone who reaches the port."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
from litestar import Controller, Response, get
from litestar.openapi import ResponseSpec

from axonize_server.api.metrics import CONTENT_TYPE, Histogram, Metric, render


class Health(msgspec.Struct, frozen=True):
    """That the process answers."""

    status: str


class Readiness(msgspec.Struct, frozen=True):
    """Whether each database answers."""

    status: str
    databases: dict[str, str]


def build_controller(
    probes: Mapping[str, Callable[[], bool]], metrics: Callable[[], Iterable[Metric | Histogram]]
) -> type[Controller]:
    """Return the controller that asks `probes`, by name of the database, and shows `metrics`."""

    class HealthController(Controller):
        """Says how the server is."""

        tags = ["Health"]  # noqa: RUF012 - Litestar declares it as an instance variable

        @get("/healthz", summary="Is the process alive")
        async def read_health(self) -> Health:
            """Answer as long as the process can."""
            return Health("ok")

        @get(
            "/readyz",
            summary="Can the server do its work",
            responses={
                503: ResponseSpec(
                    Readiness, description="A database does not answer", generate_examples=False
                )
            },
            sync_to_thread=True,
        )
        def read_readiness(self) -> Response[Readiness]:
            """Answer 200 when both databases answer, else 503."""
            up = {name: probe() for name, probe in probes.items()}
            ready = all(up.values())
            databases = {name: "ok" if answers else "down" for name, answers in up.items()}
            return Response(
                Readiness("ok" if ready else "unavailable", databases),
                status_code=200 if ready else 503,
            )

        @get(
            "/metrics",
            summary="Numbers for Prometheus",
            media_type=CONTENT_TYPE,
            sync_to_thread=True,
        )
        def read_metrics(self) -> str:
            """Return the server's counters in the text format of Prometheus."""
            return render(metrics())

    return HealthController
