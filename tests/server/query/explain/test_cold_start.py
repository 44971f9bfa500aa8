from __future__ import annotations

import pytest
from axonize_server.query.explain.cold_start import cut
from axonize_server.query.explain.explain import Readers, explain
from axonize_server.query.explain.timeline import Piece

from tests.server.explaining import MS, request
from tests.server.rows import row, span_id, table, trace_id


def process(pid):
    return {
        "resource_attributes": [("host.name", "node-1"), ("process.pid", str(pid))],
        "resource_attribute_types": "si",
        "service_name": "engine",
    }


@pytest.fixture
def readers(reader, step_reader, gpu_reader):
    return Readers(reader, step_reader, gpu_reader)


def waited(pid):
    """A client that waited for a second, and the process that then answered."""
    return [
        row(1, 1, name="ask", kind="client", ms=1000),
        row(1, 2, 1, name="POST", kind="server", start_ms=950, ms=50, **process(pid)),
        *request(1, 10, 950, 10, 5, 5, 10, 20, parent=2, **process(pid)),
    ]


def started(pid):
    return [
        row(2, 21, name="cold start", start_ms=100, ms=800, **process(pid)),
        row(2, 22, 21, name="imports", start_ms=100, ms=300, **process(pid)),
        row(2, 23, 22, name="deeper", start_ms=100, ms=30, **process(pid)),
    ]


def test_a_caller_waited_for_the_process_that_answered(readers, writer, tenant):
    writer.insert(table(tenant, [*waited(7), *started(7)]))
    found = explain(readers, tenant, trace_id(1))
    start = found.parts[0]
    assert (start.kind, start.duration_ns) == ("cold_start", 800 * MS)
    assert [(each.trace_id, each.span_id) for each in start.evidence.traces] == [
        (trace_id(2), span_id(21))
    ]
    assert start.evidence.counters == {"cold_start_ms": 800.0, "imports_ms": 300.0}
    assert found.verdict == "Waited 800 ms for the cold start of the engine."
    assert sum(part.duration_ns for part in found.parts) == found.duration_ns


def test_the_start_of_another_process_is_no_reason(readers, writer, tenant):
    writer.insert(table(tenant, [*waited(7), *started(8)]))
    found = explain(readers, tenant, trace_id(1))
    assert "cold_start" not in {part.kind for part in found.parts}


@pytest.mark.parametrize(
    ("start", "end", "kinds"),
    [
        (0, 5, ["own_time"]),
        (5, 15, ["cold_start", "own_time"]),
        (12, 15, ["own_time", "cold_start", "own_time"]),
        (0, 99, ["cold_start"]),
    ],
)
def test_a_piece_is_cut_and_nothing_of_it_is_lost(start, end, kinds):
    pieces = list(cut(Piece("own_time", 0, 10, 20), start, end))
    assert [piece.kind for piece in pieces] == kinds
    assert sum(piece.end - piece.start for piece in pieces) == 10
