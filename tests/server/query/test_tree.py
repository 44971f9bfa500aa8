from __future__ import annotations

from axonize_server.model import SpanNode, SpanRow
from axonize_server.query.tree import ROOT, arrange, order

NOW_NS = 1_795_000_000_000_000_000


def span(name: str, parent: str = "", start: int = 0, duration: int = 10) -> SpanRow:
    return SpanRow(
        name, parent, name, "api", "internal", "unset", NOW_NS + start, NOW_NS + start + duration,
        "", 0, 0, 0.0, [], 0, 0,
    )  # fmt: skip


def outline(spans: list[SpanRow]) -> list[tuple[object, ...]]:
    return [(node.depth, node.name, node.child_count) for node in arrange(spans)]


def test_a_node_says_everything_about_its_span():
    row = SpanRow(
        "b", "a", "generate", "api", "client", "error", NOW_NS + 7, NOW_NS + 10, "llama", 1, 2,
        0.5, [], 3, 4,
    )  # fmt: skip
    assert arrange([span("a"), row])[1] == SpanNode(
        span_id="b",
        parent_span_id="a",
        depth=1,
        child_count=0,
        name="generate",
        service_name="api",
        kind="client",
        status="error",
        start_offset_ns=7,
        duration_ns=3,
        model="llama",
        input_tokens=1,
        output_tokens=2,
        ttft_ms=0.5,
        gpus=[],
        links=3,
        events=4,
        orphan=False,
        skewed=False,
    )


def test_what_is_unknown_is_null():
    node = arrange([span("a")])[0]
    assert (node.parent_span_id, node.model, node.ttft_ms) == (None, None, None)


def test_spans_come_depth_first_with_siblings_in_the_given_order():
    spans = [span("a"), span("c", "a", 2), span("d", "b", 3), span("b", "a", 4), span("e", "c", 5)]
    assert outline(spans) == [
        (0, "a", 2), (1, "c", 1), (2, "e", 0), (1, "b", 1), (2, "d", 0),
    ]  # fmt: skip


def test_an_orphan_is_kept_among_the_roots_and_marked():
    nodes = arrange([span("a"), span("b", "missing", 1), span("c", "b", 2)])
    assert [(node.name, node.depth, node.orphan) for node in nodes] == [
        ("a", 0, False), ("b", 0, True), ("c", 1, False),
    ]  # fmt: skip
    assert nodes[1].parent_span_id == "missing"


def test_a_child_that_starts_before_its_parent_is_kept_and_marked():
    nodes = arrange([span("child", "parent", 0), span("parent", "", 5)])
    assert [(node.name, node.start_offset_ns, node.skewed) for node in nodes] == [
        ("parent", 5, False), ("child", 0, True),
    ]  # fmt: skip


def test_a_clock_that_is_wrong_is_named():
    wrong = span("b", "a")
    wrong.clock = "behind"
    assert [node.clock for node in arrange([span("a"), wrong])] == [None, "behind"]


def test_spans_that_are_each_others_ancestors_are_all_kept():
    spans = [span("a"), span("x", "z", 1), span("y", "x", 2), span("z", "y", 3), span("s", "s", 4)]
    nodes = arrange(spans)
    assert [(node.name, node.depth, node.orphan) for node in nodes] == [
        ("a", 0, False), ("x", 0, True), ("y", 1, False), ("z", 2, False), ("s", 0, True),
    ]  # fmt: skip


def test_a_chain_of_a_hundred_thousand_spans_and_as_many_siblings():
    count = 100_000
    chain = [span("0"), *(span(str(n), str(n - 1), n) for n in range(1, count))]
    assert [node.depth for node in arrange(chain)] == list(range(count))
    flat = [span("0"), *(span(str(n), "0", n) for n in range(1, count))]
    assert [node.name for node in arrange(flat)] == [str(n) for n in range(count)]


def test_a_hundred_thousand_spans_below_a_cycle():
    count = 100_000
    below = [span(str(n), "a", n) for n in range(count)]
    names = [node.name for node in arrange([*below, span("a", "b"), span("b", "a")])]
    assert names == ["a", *(str(n) for n in range(count)), "b"]


def test_nothing_gives_nothing():
    assert arrange([]) == []


def test_the_order_says_where_each_span_stands_as_given():
    found = order(["c", "a", "lost", "b"], ["a", "", "gone", "a"])
    assert found.places == [1, 0, 3, 2]
    assert found.parents == [1, ROOT, ROOT, 1]
    assert (found.depths, found.children) == ([1, 0, 0, 1], [0, 2, 0, 0])


def test_a_cycle_is_cut_where_it_is_found():
    found = order(["x", "y", "s"], ["y", "x", "s"])
    assert (found.places, found.parents, found.depths) == ([0, 1, 2], [ROOT, 0, ROOT], [0, 1, 0])
