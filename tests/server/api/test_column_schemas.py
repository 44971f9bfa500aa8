"""A trace by columns says of every span what the trace span by span says."""

from __future__ import annotations

import random
from typing import Any

from tests.server.rows import on_gpu, row, span_id, table, trace_id

TEXTS = ("name", "service_name", "kind", "status", "model", "clock")
PLAIN = ("span_id", "depth", "start_offset_ns", "duration_ns", "input_tokens", "output_tokens",
         "ttft_ms", "links", "events")  # fmt: skip
UNKNOWN = ("model", "ttft_ms", "clock")


def spans_of(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the columns of an answer span by span."""
    spans: list[dict[str, Any]] = []
    for at in range(len(columns["span_id"])):
        span = {name: columns[name][at] for name in PLAIN}
        for name in (*TEXTS, "gpus"):
            span[name] = columns[name]["values"][columns[name]["at"][at]]
        above = [each for each in spans if each["depth"] == span["depth"] - 1]
        span |= {name: span[name] or None for name in UNKNOWN}
        spans.append(span | {"parent_span_id": above[-1]["span_id"] if span["depth"] else None})
    for orphan in columns["orphans"]:
        spans[orphan["at"]]["parent_span_id"] = orphan["parent_span_id"]
    orphans = {orphan["at"] for orphan in columns["orphans"]}
    return [
        span | {"orphan": at in orphans, "skewed": at in columns["skewed"]}
        for at, span in enumerate(spans)
    ]


def ask(client, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a trace span by span and by columns."""
    path = f"/api/v1/traces/{trace_id(number)}"
    whole, columns = client.get(path), client.get(f"{path}/columns")
    assert (whole.status_code, columns.status_code) == (200, 200)
    return whole.json(), columns.json()


def check(client, number: int) -> None:
    whole, columns = ask(client, number)
    nodes = whole.pop("spans")
    for node in nodes:
        del node["child_count"]  # the tree has it
    assert spans_of(columns.pop("spans")) == nodes
    assert columns == whole


def test_everything_about_a_span(client, writer, tenant):
    root = row(1, 1, ms=10, name="chat", kind="server")
    child = row(
        1, 2, 1, start_ms=-2, ms=7, name="generate", service_name="engine", status="error",
        model="llama", input_tokens=12, output_tokens=34, ttft_ms=1.5, **on_gpu("GPU-1"),
    )  # fmt: skip
    late = row(1, 3, 77, start_ms=-3 * 86_400_000, ms=1)
    writer.insert(table(tenant, [child, root, late]))
    check(client, 1)
    columns = ask(client, 1)[1]["spans"]
    assert columns["orphans"] == [{"at": 0, "parent_span_id": span_id(77)}]
    assert (columns["skewed"], columns["clock"]) == (
        [2],
        {"values": ["behind", ""], "at": [0, 1, 1]},
    )
    assert columns["gpus"]["at"] == [0, 0, 1]


def test_trees_of_any_shape(client, writer, tenant):
    source = random.Random(8)
    for number in range(1, 13):
        rows = [
            # A parent may be missing (0 is none), come later, or be below its own child.
            row(number, span, source.randrange(number * 3), start_ms=source.randrange(40),
                name=f"work {span % 3}")
            for span in range(1, 1 + number * 2)
        ]  # fmt: skip
        writer.insert(table(tenant, rows))
        check(client, number)


def test_what_is_not_stored_is_a_404(client):
    answer = client.get(f"/api/v1/traces/{trace_id(5)}/columns")
    assert (answer.status_code, answer.json()["detail"]) == (404, f"no trace {trace_id(5)}")
