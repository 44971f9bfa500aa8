"""Controller: /api/v1/traces/{id}/explain."""

from __future__ import annotations

from litestar import Controller, get
from litestar.di import NamedDependency

from axonize_server.api.parameters import READ_PROBLEMS, Tenant, TracePath
from axonize_server.query.explain.explain import Readers, explain
from axonize_server.query.explain.records import Explanation
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.steps.reader import StepReader


class ExplainController(Controller):
    """Where the time of a trace went."""

    tags = ["Traces"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @get(
        "/traces/{trace_id:str}/explain",
        summary="Explain a trace",
        responses=READ_PROBLEMS,
        sync_to_thread=True,
    )
    def explain_trace(
        self,
        reader: NamedDependency[SpanReader],
        step_reader: NamedDependency[StepReader],
        gpu_reader: NamedDependency[GpuReader],
        tenant: Tenant,
        trace_id: TracePath,
    ) -> Explanation:
        """Return parts that add up to the time of the trace's root, each with its evidence."""
        return explain(Readers(reader, step_reader, gpu_reader), tenant, trace_id)
