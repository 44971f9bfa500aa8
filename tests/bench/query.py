"""Questions to a large store, and what the roll-up costs: `python -m tests.bench.query [millions]`.

Spans of 24 hours are stored, then each question is asked before they are rolled up, when it reads
`spans`, after, and while more spans are stored and rolled up. In this process, without HTTP; CPU
time is that of all threads.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from axonize_server.ingest.decoder import new_decoder
from axonize_server.minutes import SpanFilter
from axonize_server.model import AttributeFilter, TraceSearch
from axonize_server.query import analytics, traces
from axonize_server.query.attributes import attribute_filter
from axonize_server.query.cursor import Place, encode
from axonize_server.query.differences import differences
from axonize_server.query.heatmap import heatmap
from axonize_server.requests import Box
from axonize_server.settings import ServerSettings
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.minutes.rollup import TICKS, MinuteRollup
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.traces.rollup import MINUTE_S, TraceRollup
from axonize_server.store.clickhouse.writer import SpanWriter
from axonize_server.store.migrate import migrate
from axonize_server.store.postgres.connection import Postgres
from axonize_server.store.postgres.embedded import EmbeddedPostgres

from tests.bench.otlp import SPANS, Template

TENANT = "default"
DAY_NS = 86_400_000_000_000
TRACE_SPANS = 8.5  # on average: 3 to 14
CHUNK = 60_000  # traces an insert
COMMIT_S = 0.2  # of spans that are stored meanwhile

# Traces of a chat: gateway, retrieval, the model's client, its engine. `u` are random numbers.
FILL = """
INSERT INTO spans (
    tenant_id, ingested_at, trace_id, span_id, parent_span_id, flags, name, kind, service_name,
    scope_name, start_time, end_time, status, operation, provider, model, response_model,
    input_tokens, output_tokens, ttft_ms, tpot_ms, cost_usd, http_status, error_type, environment,
    host, service_version, `gpu.label`, `gpu.resource_uuid`, `gpu.physical_uuid`, `gpu.model`,
    `gpu.vendor`, `gpu.node_id`, attributes, attribute_types, resource_attributes,
    resource_attribute_types
)
WITH
    cityHash64(t) AS of_trace,
    cityHash64(t, s) AS u,
    cityHash64(u) AS v,
    s = 3 OR s > 5 AS runs_model,
    toInt64({from_ns:Int64} + t * {step_ns:Int64} + v % 50000000 * s) AS started,
    started + toInt64(pow(10, 6 + 2.5 * ((v % 10000) / 10000))) + if(s = 0, 900000000, 0) AS ended,
    arrayElement(['llama-3-70b', 'qwen-3-32b', 'mistral-small', 'phi-4'], 1 + of_trace % 4) AS llm,
    concat('node-', toString(of_trace % 12)) AS node
SELECT
    'default',
    fromUnixTimestamp64Milli(toInt64(intDiv({from_ns:Int64} + t * {step_ns:Int64}, 1000000)
        + 1500 + u % 1500)),
    MD5(toString(t)),
    reinterpret(u, 'FixedString(8)'),
    if(s = 0, toFixedString('', 8), reinterpret(cityHash64(t, toUInt8(0)), 'FixedString(8)')),
    1,
    multiIf(
        s = 0, 'POST /v1/chat/completions', s = 1, 'authorize', s = 2, 'retrieve documents',
        s = 3, concat('chat ', llm), s = 4, 'render template', s = 5, 'engine.request',
        concat('stage ', toString(s), '.', toString(v % 5))
    ),
    multiIf(s = 0, 'server', s = 3, 'client', 'internal'),
    multiIf(s < 2, 'gateway', s = 2, 'retrieval', s < 5, concat('chat-', toString(of_trace % 5)),
        'engine'),
    'axonize',
    fromUnixTimestamp64Nano(started, 'UTC'),
    fromUnixTimestamp64Nano(ended, 'UTC'),
    multiIf(of_trace % 50 = 0 AND s = 3, 'error', s = 0, 'ok', 'unset'),
    if(runs_model, 'chat', ''),
    if(runs_model, 'vllm', ''),
    if(runs_model, llm, ''),
    if(runs_model, llm, ''),
    if(runs_model, v % 4000, 0),
    if(runs_model, u % 800, 0),
    if(s = 3, 20 + v % 400, 0),
    if(s = 3, 5 + v % 40, 0),
    if(s = 3, (v % 10000) / 1000000, 0),
    if(s = 0, 200, 0),
    if(of_trace % 50 = 0 AND s = 3, 'timeout', ''),
    'prod',
    node,
    '1.4.2',
    if(runs_model, ['cuda:0'], []),
    if(runs_model, [concat('GPU-', toString(of_trace % 96))], []),
    if(runs_model, [concat('GPU-', toString(of_trace % 96))], []),
    if(runs_model, ['NVIDIA H100'], []),
    if(runs_model, ['nvidia'], []),
    if(runs_model, [node], []),
    mapConcat(
        map(
            'server.address', concat('10.0.0.', toString(v % 16)), 'thread.id', toString(u % 64),
            'app.request.id', concat('req-', hex(of_trace)),
            'app.user.tier', arrayElement(['free', 'pro', 'team'], 1 + of_trace % 3),
            'app.queue.seconds', toString(round((v % 1000000) / 1000000, 6)),
            'app.retries', toString(of_trace % 7 = 0 ? 1 : 0)
        ),
        if(runs_model, map(
            'gen_ai.operation.name', 'chat', 'gen_ai.request.model', llm,
            'gen_ai.usage.input_tokens', toString(v % 4000),
            'gen_ai.usage.output_tokens', toString(u % 800),
            'gen_ai.request.max_tokens', '1024', 'cost.usd', toString((v % 10000) / 1000000)
        ), map())
    ),
    if(runs_model, 'sissdissiiid', 'sissdi'),
    map('host.name', node, 'service.version', '1.4.2', 'telemetry.sdk.name', 'axonize'),
    'sss'
FROM (
    SELECT number AS t, 3 + cityHash64(number, 'size') % 12 AS size
    FROM numbers({first:UInt64}, {count:UInt64})
)
ARRAY JOIN CAST(range(size), 'Array(UInt8)') AS s
SETTINGS max_threads = 2
"""

SIZES = """
SELECT table, sum(rows), sum(data_compressed_bytes)
FROM system.parts WHERE active AND database = currentDatabase()
GROUP BY table ORDER BY table
"""

COLUMN_SIZES = """
SELECT column, sum(column_data_compressed_bytes) AS bytes
FROM system.parts_columns
WHERE active AND database = currentDatabase() AND table = {table:String}
GROUP BY column ORDER BY bytes DESC
"""


class Store:
    """A store with spans of the last 24 hours."""

    def __init__(self, pool: ClientPool, settings: ServerSettings, millions: float) -> None:
        self.pool = pool
        self.reader = SpanReader(pool, settings.query_limits)
        self.minute_reader = MinuteReader(pool, settings.query_limits)
        self.traces = round(millions * 1e6 / TRACE_SPANS)
        self.filled_to_ns = time.time_ns() - 10_000_000_000
        self.from_ns = self.filled_to_ns - DAY_NS
        self.asks_until_now = False
        self.source = random.Random(1)

    def fill(self) -> None:
        begin = time.perf_counter()
        for first in range(0, self.traces, CHUNK):
            parameters = {
                "from_ns": self.from_ns,
                "step_ns": DAY_NS // self.traces,
                "first": first,
                "count": min(CHUNK, self.traces - first),
            }
            self._command(FILL, parameters)
        print(f"filled in {time.perf_counter() - begin:.0f} s")

    def _command(self, text: str, parameters: dict[str, Any] | None = None) -> None:
        with self.pool.client() as client:
            client.command(text, parameters=parameters)

    def rows(self, text: str, **parameters: object) -> list[Any]:
        with self.pool.client() as client:
            return list(client.query(text, parameters=parameters).result_rows)

    @property
    def to_ns(self) -> int:
        """Until when is asked."""
        return time.time_ns() if self.asks_until_now else self.filled_to_ns

    # The questions

    def _search(self, cursor: str | None = None, **wanted: Any) -> int:
        search = TraceSearch(from_ns=self.from_ns, to_ns=self.to_ns, **wanted)
        return len(traces.search(self.reader, TENANT, search, cursor)[0])

    def latest(self) -> int:
        return self._search()

    def page(self) -> int:
        place = self.source.randrange(self.from_ns + DAY_NS // 24, self.to_ns)
        return self._search(encode(Place("-start_time", place, "f" * 32)))

    def filtered(self) -> int:
        # A service and a model that never meet in a failed trace: all 24 hours are read.
        return self._search(
            service="chat-1", model="qwen-3-32b", status="error", min_duration_ns=1_300_000_000
        )

    def slowest(self) -> int:
        return self._search(sort="-duration")

    def text(self) -> int:
        return self._search(text="documents")

    def text_of_nothing(self) -> int:
        # Another each time: ClickHouse remembers which granules hold nothing that was asked for.
        return self._search(text=f"no such name {self.source.random()}")

    def by_id(self) -> int:
        number = self.source.randrange(self.traces)
        [[wanted]] = self.rows("SELECT lower(hex(MD5(toString({n:UInt64}))))", n=number)
        return len(traces.trace(self.reader, TENANT, wanted).spans)

    def attribute(self) -> int:
        return self._search(attributes=(attribute_filter("app.queue.seconds>0.9999"),))

    def _attribute_of_nothing(self) -> AttributeFilter:
        return attribute_filter(f"app.request.id=none {self.source.random()}")

    def attribute_of_nothing(self) -> int:
        return self._search(attributes=(self._attribute_of_nothing(),))

    def attribute_of_an_hour(self) -> int:
        hour = TraceSearch(
            from_ns=self.to_ns - DAY_NS // 24,
            to_ns=self.to_ns,
            attributes=(self._attribute_of_nothing(),),
        )
        return len(traces.search(self.reader, TENANT, hour, None)[0])

    def latency(self) -> int:
        llama = SpanFilter(model="llama-3-70b")
        times = self.from_ns, self.to_ns
        return len(analytics.series(self.minute_reader, TENANT, llama, *times, points=288)[1])

    def overview(self) -> int:
        times = self.from_ns, self.to_ns
        return len(analytics.overview(self.minute_reader, TENANT, SpanFilter(), *times))

    def heatmap(self) -> int:
        day = TraceSearch(from_ns=self.from_ns, to_ns=self.to_ns)
        return sum(heatmap(self.reader.requests, TENANT, day, points=200).counts)

    def differences(self) -> int:
        day = TraceSearch(from_ns=self.from_ns, to_ns=self.to_ns)
        slow = Box(self.from_ns + DAY_NS // 3, self.from_ns + DAY_NS // 2, 1_100_000_000, 2**62)
        return len(differences(self.reader.requests, TENANT, day, slow).items)

    def facets(self) -> int:
        return len(traces.facets(self.reader, TENANT, self.from_ns, self.to_ns).models)


QUESTIONS: dict[str, Callable[[Store], int]] = {
    "newest 50 of 24 h": Store.latest,
    "page at a random time": Store.page,
    "service, model, error, duration": Store.filtered,
    "slowest 50 of 24 h": Store.slowest,
    "text": Store.text,
    "text that nothing has": Store.text_of_nothing,
    "attribute of 1 span in 10 000": Store.attribute,
    "attribute that nothing has": Store.attribute_of_nothing,
    "heatmap of 24 h": Store.heatmap,
    "what differs in a box of 4 h": Store.differences,
    "the same, of 1 h": Store.attribute_of_an_hour,
    "trace by id": Store.by_id,
    "facets": Store.facets,
}
# Asked of counted minutes only: over a day of spans they would take long.
STATISTICS: dict[str, Callable[[Store], int]] = {
    "latency over 24 h": Store.latency,
    "sums of 24 h by group": Store.overview,
}


def cost(work: Callable[[], object]) -> tuple[float, float]:
    """Return seconds that passed and seconds of CPU."""
    begin, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begin, time.process_time() - cpu


def ask(store: Store, rounds: int, questions: dict[str, Callable[[Store], int]]) -> None:
    print(f"{'':<34}{'found':>7}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}")
    for name, question in questions.items():
        found = question(store)
        costs = np.array([cost(lambda question=question: question(store)) for _ in range(rounds)])
        wall, cpu = costs.T * 1e3
        p50, p95 = np.percentile(wall, [50, 95])
        print(f"{name:<34}{found:>7}{p50:>9.1f}{p95:>9.1f}{np.median(cpu):>9.1f}")


def roll_up(store: Store, spans: int) -> None:
    traces, minutes = TraceRollup(store.pool), MinuteRollup(store.pool)
    for name, rollup in (("traces", traces), ("minutes", minutes)):
        wall, cpu = cost(rollup.catch_up)
        print(f"{name}: {wall / spans * 1e6:.2f} us a span, CPU {cpu / spans * 1e6:.2f} us")
    checks: dict[str, Callable[[], None]] = {
        "traces, everything": traces.catch_up,
        "traces, a minute": lambda: traces.catch_up(MINUTE_S),
        "minutes, everything": MinuteRollup(store.pool).catch_up,
        "minutes, since the last": minutes.catch_up,
    }
    for name, check in checks.items():
        wall, cpu = cost(check)
        print(f"check of {name}: {wall * 1e3:.0f} ms, CPU {cpu * 1e3:.0f} ms")


@contextmanager
def ingesting(pool: ClientPool, rate: float) -> Iterator[None]:
    """Store spans, so many a second, and roll them up as a server does, until the block ends."""
    over = threading.Event()
    rollups = (TraceRollup(pool), MinuteRollup(pool), MinuteRollup(pool, TICKS))
    thread = threading.Thread(target=store_spans, args=(SpanWriter(pool), rate, over))
    for each in (*rollups, thread):
        each.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for rollup in rollups:
            rollup.close()


def store_spans(writer: SpanWriter, rate: float, over: threading.Event) -> None:
    template = Template()
    begin, stored = time.monotonic(), 0
    while not over.is_set():
        decoder = new_decoder()
        for _ in range(round(rate * COMMIT_S / SPANS)):
            decoder.add(TENANT, template.body())
            stored += SPANS
        for rows in decoder.finish():
            writer.insert(*rows.tables)
        over.wait(max(0.0, begin + stored / rate - time.monotonic()))
    print(f"stored {stored / (time.monotonic() - begin):.0f} spans/s meanwhile")


def sizes(store: Store, spans: int) -> None:
    for table, rows, size in store.rows(SIZES):
        if size > 100_000:
            print(
                f"{table}: {rows} rows, {size / spans:.1f} bytes a span, "
                f"{size / store.traces:.0f} a trace"
            )
    columns = store.rows(COLUMN_SIZES, table="traces")
    print("traces:", ", ".join(f"{name} {size / store.traces:.1f}" for name, size in columns))


def main(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = ServerSettings(data_dir=folder, query_timeout_s=60)
        postgres = EmbeddedPostgres(Path(folder) / "postgres")
        pool = ClientPool(settings.clickhouse, size=2)
        try:
            migrate(Postgres(postgres.start()), pool)
            store = Store(pool, settings, options.millions)
            store.fill()
            [[spans]] = store.rows("SELECT count() FROM spans")
            print(f"{spans} spans in {store.traces} traces; read from spans:")
            ask(store, max(options.rounds // 4, 3), QUESTIONS)
            roll_up(store, spans)
            ask(store, options.rounds, QUESTIONS | STATISTICS)
            sizes(store, spans)
            print(f"while {options.rate} spans/s are stored:")
            with ingesting(ClientPool(settings.clickhouse, size=4), options.rate):
                time.sleep(options.warm_up)
                store.asks_until_now = True
                ask(store, options.rounds, QUESTIONS | STATISTICS)
        finally:
            pool.close()
            postgres.stop()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("millions", nargs="?", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rate", type=int, default=50_000, help="spans a second meanwhile")
    parser.add_argument("--warm-up", type=float, default=120, help="seconds of them before")
    return parser.parse_args()


if __name__ == "__main__":
    main(read_options())
