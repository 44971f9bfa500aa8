"""The spans of one trace in tree order, for traces of any depth."""

from __future__ import annotations

from axonize_server.model import SpanNode, SpanRow


def arrange(spans: list[SpanRow]) -> list[SpanNode]:
    """Return the spans depth-first, siblings in the given order, each with its depth.

    A span whose parent is missing stands among the roots as an orphan, and so does one of the spans
    that are each other's ancestors. Nothing is left out, no clock is corrected. Offsets are from
    the earliest start. Runs in time linear in the spans, without recursion; their ids must differ.
    """
    origin_ns = min((span.start_ns for span in spans), default=0)
    nodes = {span.span_id: _node(span, origin_ns) for span in spans}
    children: dict[str, list[SpanNode]] = {}
    for node in nodes.values():
        parent = node.parent_span_id if node.parent_span_id in nodes else None
        children.setdefault(parent or "", []).append(node)
    placed = _place(children.pop("", []), children)
    for node in nodes.values() if len(placed) < len(spans) else ():
        if node.parent_span_id in children:  # not placed, so a cycle is above it
            root = _find_cycle(node, nodes)
            children[root.parent_span_id or ""].remove(root)
            placed += _place([root], children)
    return placed


def _node(span: SpanRow, origin_ns: int) -> SpanNode:
    return SpanNode(
        span_id=span.span_id,
        parent_span_id=span.parent_span_id or None,
        depth=0,
        child_count=0,
        name=span.name,
        service_name=span.service_name,
        kind=span.kind,
        status=span.status,
        start_offset_ns=span.start_ns - origin_ns,
        duration_ns=span.end_ns - span.start_ns,
        model=span.model or None,
        input_tokens=span.input_tokens,
        output_tokens=span.output_tokens,
        ttft_ms=span.ttft_ms or None,
        gpus=span.gpus,
        links=span.links,
        events=span.events,
        orphan=False,
        skewed=False,
        clock=span.clock or None,
    )


def _place(roots: list[SpanNode], children: dict[str, list[SpanNode]]) -> list[SpanNode]:
    """Return the roots and all below them, and take the lists of children that were used."""
    for root in roots:
        root.orphan = root.parent_span_id is not None
    placed: list[SpanNode] = []
    waiting = roots[::-1]
    while waiting:
        node = waiting.pop()
        placed.append(node)
        below = children.pop(node.span_id, None)
        if below is None:
            continue
        node.child_count = len(below)
        for child in below:
            child.depth = node.depth + 1
            child.skewed = child.start_offset_ns < node.start_offset_ns
        below.reverse()
        waiting += below
    return placed


def _find_cycle(node: SpanNode, nodes: dict[str, SpanNode]) -> SpanNode:
    """Return a span that is its own ancestor, above the given one."""
    seen: set[str] = set()
    while node.span_id not in seen:
        seen.add(node.span_id)
        node = nodes[node.parent_span_id or ""]
    return node
