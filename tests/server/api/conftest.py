"""The real application on the real databases, asked in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axonize_server.app import Parts, create_app
from axonize_server.model import Forbidden, Unauthenticated
from litestar.testing import TestClient


async def authenticate(authorization: str | None, scope: str) -> str:
    """Take the key for the name of the tenant, so that each test has its own.

    Those whose name ends in "-reader" may only read.
    """
    if not authorization:
        raise Unauthenticated("no key")
    if scope == "admin" and authorization.endswith("-reader"):
        raise Forbidden("this key has not the scope `admin`")
    return authorization.removeprefix("Bearer ").removesuffix("-reader")


@pytest.fixture
def client(
    reader,
    step_reader,
    gpu_reader,
    gpu_registry,
    minute_reader,
    process_reader,
    cost_book,
    clickhouse,
    postgres,
    tenant,
) -> Iterator[TestClient]:
    """A caller that shows the key of the test's tenant."""
    parts = Parts(
        reader=reader,
        step_reader=step_reader,
        gpu_reader=gpu_reader,
        gpu_registry=gpu_registry,
        minute_reader=minute_reader,
        process_reader=process_reader,
        cost_book=cost_book,
        authenticate=authenticate,
        probes={"clickhouse": clickhouse.ping, "postgres": postgres.ping},
    )
    with TestClient(create_app(parts)) as client:
        client.headers["authorization"] = f"Bearer {tenant}"
        yield client
