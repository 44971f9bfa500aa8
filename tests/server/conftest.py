"""Real ClickHouse and PostgreSQL for the server's tests; one data folder a process."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from axonize_server.settings import ServerSettings
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.writer import SpanWriter
from axonize_server.store.migrate import migrate
from axonize_server.store.postgres.connection import Postgres
from axonize_server.store.postgres.embedded import EmbeddedPostgres

_tenant_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def settings(tmp_path_factory) -> ServerSettings:
    """Settings of a server whose data folder is thrown away."""
    return ServerSettings(data_dir=str(tmp_path_factory.mktemp("axonize")), query_timeout_s=60)


@pytest.fixture(scope="session")
def postgres(settings) -> Iterator[Postgres]:
    """An empty PostgreSQL with nothing applied yet."""
    server = EmbeddedPostgres(settings.data_path / "postgres")
    yield Postgres(server.start())
    server.stop()


@pytest.fixture(scope="session")
def clickhouse(settings, postgres) -> Iterator[ClientPool]:
    """A ClickHouse in this process, migrated; the only one that a test process can have."""
    pool = ClientPool(settings.clickhouse, size=4)
    migrate(postgres, pool)
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def writer(clickhouse) -> SpanWriter:
    """Write to the database of the tests."""
    return SpanWriter(clickhouse)


@pytest.fixture(scope="session")
def reader(clickhouse, settings) -> SpanReader:
    """Read from the database of the tests."""
    return SpanReader(clickhouse, settings.query_limits)


@pytest.fixture
def tenant() -> str:
    """A tenant of its own for each test, because they share the tables."""
    return f"tenant-{next(_tenant_numbers)}"
