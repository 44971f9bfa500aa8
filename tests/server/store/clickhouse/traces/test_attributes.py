from __future__ import annotations

import pytest
from axonize_server.model import TraceSearch
from axonize_server.query import traces
from axonize_server.query.attributes import attribute_filter

from tests.server.rows import MINUTE_NS, NOW_NS, row, table

MINUTE = {"from_ns": NOW_NS, "to_ns": NOW_NS + MINUTE_NS}
ROWS = [
    row(1, 1),
    row(1, 2, 1, attributes=[("stage", "decode"), ("tokens", "12"), ("note", "")]),
    row(2, 3, attributes=[("stage", "prefill"), ("tokens", "1e3")]),
    row(2, 4, 3, attributes=[("tokens", "many")], resource_attributes=[("pod", "engine-7")]),
    row(3, 5, start_ms=90_000, attributes=[("stage", "decode")]),
]
FOUND = {
    ("stage",): [1, 2],
    ("stage=decode",): [1],
    ("stage!=decode",): [2],
    ("stage=dec",): [],
    ("note=",): [1],
    ("missing=",): [],
    ("missing!=x",): [],
    ("tokens=12.0",): [1],
    ("tokens!=12.0",): [2],
    ("tokens=many",): [2],
    ("tokens>12",): [2],
    ("tokens>=12",): [1, 2],
    ("tokens<13",): [1],
    ("tokens<=11.5",): [],
    ("pod=engine-7",): [2],
    ("pod>1",): [],
    # Each is met by some span of the trace.
    ("stage=prefill", "pod"): [2],
    ("stage=decode", "pod"): [],
    ("stage'); DROP TABLE spans",): [],
}


@pytest.mark.parametrize("written", FOUND, ids=" and ".join)
def test_traces_are_found_by_the_attributes_of_their_spans(either_writer, reader, tenant, written):
    either_writer.insert(table(tenant, ROWS))
    wanted = TraceSearch(**MINUTE, attributes=tuple(map(attribute_filter, written)))
    found, _ = traces.search(reader, tenant, wanted, None)
    assert sorted(int(each.trace_id, 16) for each in found) == FOUND[written]


def test_attributes_of_another_tenant_find_nothing(either_writer, reader, tenant):
    either_writer.insert(table(tenant, ROWS))
    either_writer.insert(table("someone else", [row(1, 9, attributes=[("secret", "yes")])]))
    wanted = TraceSearch(**MINUTE, attributes=(attribute_filter("secret"),))
    assert traces.search(reader, tenant, wanted, None) == ([], None)
