"""Controller: /api/v1/gpus and the metrics of one."""

from __future__ import annotations

import time
from typing import Annotated

from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from axonize_server.api import gpu_schemas as schemas
from axonize_server.api.parameters import (
    QUERY_PROBLEMS,
    READ_PROBLEMS,
    From,
    Tenant,
    To,
    time_range,
)
from axonize_server.api.times import parse_time
from axonize_server.costs import Card
from axonize_server.gpus import ComputeResource
from axonize_server.model import NotFound
from axonize_server.query import gpus
from axonize_server.query.cost import CostBook, card_price
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.postgres.gpus import GpuRegistry

Reader = NamedDependency[GpuReader]
Registry = NamedDependency[GpuRegistry]
Book = NamedDependency[CostBook]
Uuid = Annotated[
    str, PathParameter(max_length=256, description="`resource_uuid` of a GPU or MIG instance.")
]


class GpuController(Controller):
    """The GPUs that inference ran on, and how they were."""

    tags = ["GPUs"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @get("/gpus", summary="List GPUs", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def list_gpus(
        self,
        gpu_reader: Reader,
        gpu_registry: Registry,
        tenant: Tenant,
        start: From = None,
        end: To = None,
    ) -> schemas.GpuList:
        """Return the GPUs that metrics or spans name in the range, with their last sample."""
        times = time_range(start, end)
        found = gpus.seen(gpu_reader, gpu_registry, tenant, *times, time.time_ns())
        return schemas.GpuList([schemas.gpu(each) for each in found])

    @get("/gpus/{uuid:str}", summary="Read a GPU", responses=READ_PROBLEMS, sync_to_thread=True)
    def read_gpu(
        self,
        gpu_reader: Reader,
        gpu_registry: Registry,
        cost_book: Book,
        tenant: Tenant,
        uuid: Uuid,
    ) -> schemas.ComputeResource:
        """Return what the registry knows: the card, what computes on it, who uses it and did."""
        now_ns = time.time_ns()
        found = gpus.resource(gpu_reader, gpu_registry, tenant, uuid, now_ns)
        return _resource(found, cost_book, tenant, now_ns)

    @get(
        "/gpus/{uuid:str}/metrics",
        summary="Read the metrics of a GPU",
        responses=READ_PROBLEMS,
        sync_to_thread=True,
    )
    def read_gpu_metrics(
        self,
        gpu_reader: Reader,
        tenant: Tenant,
        uuid: Uuid,
        start: From = None,
        end: To = None,
        points: Annotated[
            int, QueryParameter(ge=1, le=2000, description="At most this many buckets.")
        ] = 300,
    ) -> schemas.GpuMetrics:
        """Return the GPU over the range, in buckets: average, minimum and maximum, or what fits."""
        found = gpus.series(gpu_reader, tenant, uuid, *time_range(start, end), points)
        return schemas.metrics(found)


class GpuPriceController(Controller):
    """What GPUs cost, for keys with `admin`; with static authentication, for the one key."""

    tags = ["GPUs"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @put(
        "/gpus/{uuid:str}/price",
        summary="Set the price of a GPU",
        responses=READ_PROBLEMS,
        sync_to_thread=True,
    )
    def set_gpu_price(
        self,
        gpu_reader: Reader,
        gpu_registry: Registry,
        cost_book: Book,
        tenant: Tenant,
        uuid: Uuid,
        data: JSONBody[schemas.PriceChange],
    ) -> schemas.ComputeResource:
        """Set what a card costs from a moment on; of a MIG instance, that of its whole card."""
        now_ns = time.time_ns()
        begin = parse_time("valid_from", data.valid_from) if data.valid_from else now_ns
        try:
            cost_book.prices.set(tenant, uuid, begin, data.cost_per_hour_usd)
        except NotFound:  # the registry is written in the background
            if not gpus.register(gpu_reader, gpu_registry, tenant, uuid, now_ns):
                raise
            cost_book.prices.set(tenant, uuid, begin, data.cost_per_hour_usd)
        found = gpus.resource(gpu_reader, gpu_registry, tenant, uuid, now_ns)
        return _resource(found, cost_book, tenant, time.time_ns())


def _resource(
    found: ComputeResource, book: CostBook, tenant: str, now_ns: int
) -> schemas.ComputeResource:
    if found.physical is None:
        return schemas.resource(found, None, now_ns)
    card = Card(found.physical.physical_uuid, found.physical.model)
    return schemas.resource(found, card_price(book, tenant, card, now_ns), now_ns)
