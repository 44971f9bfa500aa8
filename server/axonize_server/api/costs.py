"""Controller: /api/v1/analytics/cost, what engines used and what that cost."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from axonize_server.api import cost_schemas as schemas
from axonize_server.api.parameters import QUERY_PROBLEMS, From, Tenant, To, time_range
from axonize_server.query.cost import CostBook, GroupBy, costs

Book = NamedDependency[CostBook]


class CostController(Controller):
    """Engines by the minute in which their steps and rests ended."""

    path = "/analytics"
    tags = ["Analytics"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @get("/cost", summary="Read costs", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def read_cost(
        self,
        cost_book: Book,
        tenant: Tenant,
        start: From = None,
        end: To = None,
        group_by: Annotated[
            GroupBy,
            QueryParameter(
                description="What to add up by. An engine's requests and tokens count for each of "
                "its GPUs, its joules in equal parts."
            ),
        ] = "model",
    ) -> schemas.Cost:
        """Return GPU time, joules and dollars, busy and idle, and those of the time before."""
        found = costs(cost_book, tenant, group_by, *time_range(start, end))
        return schemas.cost(found, group_by)
