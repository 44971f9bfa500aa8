"""Real ClickHouse and PostgreSQL for the server's tests; one data folder a process."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa
import pytest
from axonize_server.ingest import native
from axonize_server.ingest.decoder import ArrowDecoder, NativeDecoder
from axonize_server.ingest.rows import Decoder
from axonize_server.query.cost import CostBook
from axonize_server.settings import ServerSettings
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.costs.reader import CostReader
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.minutes.rollup import ENGINES, MinuteRollup
from axonize_server.store.clickhouse.processes.reader import ProcessReader
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.steps.reader import StepReader
from axonize_server.store.clickhouse.traces.rollup import TraceRollup
from axonize_server.store.clickhouse.writer import GpuMetricWriter, SpanWriter
from axonize_server.store.migrate import migrate
from axonize_server.store.postgres.connection import Postgres
from axonize_server.store.postgres.embedded import EmbeddedPostgres
from axonize_server.store.postgres.gpus import GpuRegistry
from axonize_server.store.postgres.prices import GpuPrices
from psycopg.conninfo import make_conninfo

SETTLED_NS = 10_000_000_000


class RollingWriter(SpanWriter):
    """Writes what was committed ten seconds ago, and rolls it up."""

    def __init__(self, pool: ClientPool) -> None:
        super().__init__(pool)
        self._rollup = TraceRollup(pool)

    def insert(self, spans, steps=None) -> None:
        """Store the spans, and roll them up before returning."""
        committed = time.time_ns() - SETTLED_NS
        times = pa.array([committed] * spans.num_rows, pa.timestamp("ns", tz="UTC"))
        super().insert(spans.append_column("ingested_at", times), steps)
        self._rollup.catch_up()


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


@pytest.fixture(params=["from spans", "rolled up"])
def either_writer(request, clickhouse, writer) -> SpanWriter | RollingWriter:
    """Write spans that are read from `spans`, then spans that are read from the roll-up."""
    return writer if request.param == "from spans" else RollingWriter(clickhouse)


@pytest.fixture(scope="session")
def reader(clickhouse, settings) -> SpanReader:
    """Read from the database of the tests."""
    return SpanReader(clickhouse, settings.query_limits)


@pytest.fixture(scope="session")
def step_reader(clickhouse, settings) -> StepReader:
    """Read the engine steps from the database of the tests."""
    return StepReader(clickhouse, settings.query_limits)


@pytest.fixture(scope="session")
def gpu_writer(clickhouse) -> GpuMetricWriter:
    """Write GPU metrics to the database of the tests."""
    return GpuMetricWriter(clickhouse)


@pytest.fixture(scope="session")
def gpu_reader(clickhouse, settings) -> GpuReader:
    """Read GPUs from the database of the tests."""
    return GpuReader(clickhouse, settings.query_limits)


@pytest.fixture(scope="session")
def gpu_registry(clickhouse, postgres) -> GpuRegistry:
    """Write and read the registry of GPUs in the database of the tests."""
    return GpuRegistry(postgres)


@pytest.fixture(scope="session")
def minute_reader(clickhouse, settings) -> MinuteReader:
    """Read statistics from the database of the tests."""
    return MinuteReader(clickhouse, settings.query_limits)


@pytest.fixture(scope="session")
def process_reader(clickhouse, settings) -> ProcessReader:
    """Read what processes report from the database of the tests."""
    return ProcessReader(clickhouse, settings.query_limits)


@pytest.fixture(scope="session")
def cost_book(clickhouse, postgres, settings) -> CostBook:
    """Find costs in the database of the tests; an A100 costs 3600 dollars an hour."""
    reader = CostReader(clickhouse, settings.query_limits)
    return CostBook(reader, GpuPrices(postgres), {"A100": 3600.0})


@pytest.fixture(params=["from steps", "counted"])
def count_engines(request, clickhouse) -> Callable[[], None]:
    """Count the minutes of engines that are over, or forget them all: the answers are the same."""

    def forget() -> None:
        with clickhouse.client() as client:
            client.command("TRUNCATE TABLE engine_minutes")

    counted = MinuteRollup(clickhouse, ENGINES).catch_up
    return counted if request.param == "counted" else forget


@pytest.fixture(params=["from spans", "counted"])
def count_minutes(request, clickhouse) -> Callable[[], None]:
    """Count the minutes that are over, or forget them all: the answers are the same."""

    def forget() -> None:
        with clickhouse.client() as client:
            client.command("TRUNCATE TABLE minutes")
            client.command("TRUNCATE TABLE ticks")

    return MinuteRollup(clickhouse).catch_up if request.param == "counted" else forget


@pytest.fixture(params=[ArrowDecoder, NativeDecoder])
def new_decoder(request) -> type[Decoder]:
    """Both decoders, for the tests that must not tell them apart."""
    if request.param is NativeDecoder and not native.USING_C:
        pytest.skip("the C extension is not used")
    return request.param


@pytest.fixture
def tenant() -> str:
    """A tenant of its own for each test, because they share the tables."""
    return f"tenant-{next(_tenant_numbers)}"


class _OtherDatabase(ClientPool):
    """Connections of the test's engine to another of its databases."""

    database = ""

    @contextmanager
    def client(self):
        with super().client() as client:
            client.database = self.database
            yield client


@pytest.fixture
def new_databases(clickhouse, postgres, tenant) -> Iterator[tuple[Postgres, ClientPool]]:
    """A PostgreSQL database and a ClickHouse database with nothing in them."""
    name = tenant.replace("-", "_")
    with postgres.connection() as connection:
        connection.execute(f"CREATE DATABASE {name}")
        parameters = connection.info.get_parameters()
    with clickhouse.client() as client:
        client.command(f"CREATE DATABASE {name}")
    pool = _OtherDatabase(clickhouse.dsn, size=2)
    pool.database = name
    yield Postgres(make_conninfo(**{**parameters, "dbname": name})), pool
    pool.close()
