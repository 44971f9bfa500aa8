"""The real application on the real databases, asked in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axonize_server.app import Parts, create_app
from axonize_server.model import Unauthenticated
from litestar.testing import TestClient


async def authenticate(authorization: str | None, scope: str) -> str:
    """Take the key for the name of the tenant, so that each test has its own."""
    if not authorization:
        raise Unauthenticated("no key")
    return authorization.removeprefix("Bearer ")


@pytest.fixture
def client(
    reader, step_reader, gpu_reader, gpu_registry, minute_reader, clickhouse, postgres, tenant
) -> Iterator[TestClient]:
    """A caller that shows the key of the test's tenant."""
    parts = Parts(
        reader=reader,
        step_reader=step_reader,
        gpu_reader=gpu_reader,
        gpu_registry=gpu_registry,
        minute_reader=minute_reader,
        authenticate=authenticate,
        probes={"clickhouse": clickhouse.ping, "postgres": postgres.ping},
    )
    with TestClient(create_app(parts)) as client:
        client.headers["authorization"] = f"Bearer {tenant}"
        yield client
