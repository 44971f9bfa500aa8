"""The spans of one trace in tree order, for traces of any depth."""

from __future__ import annotations

from axonize_server.model import SpanNode, SpanRow


def arrange(spans: list[SpanRow]) -> list[SpanNode]:
    """Return the spans depth-first, siblings in the given order, each with its depth.

    A span whose parent is missing stands among the roots as an orphan; of spans that are each
    other's ancestors, the first given stands there. Nothing is left out, no clock is corrected.
    Offsets are from the earliest start. Runs in time linear in the spans, without recursion.
    """
    origin_ns = min((span.start_ns for span in spans), default=0)
    known = {span.span_id for span in spans}
    children: dict[str, list[SpanRow]] = {}
    for span in spans:
        parent = span.parent_span_id if span.parent_span_id in known else ""
        children.setdefault(parent, []).append(span)
    nodes: list[SpanNode] = []
    placed: set[str] = set()
    _place(children.get("", []), children, placed, nodes, origin_ns)
    if len(nodes) < len(spans):  # the rest hangs on cycles
        for span in spans:
            if span.span_id not in placed:
                _place([span], children, placed, nodes, origin_ns)
    return nodes


def _place(
    roots: list[SpanRow],
    children: dict[str, list[SpanRow]],
    placed: set[str],
    nodes: list[SpanNode],
    origin_ns: int,
) -> None:
    waiting = [(root, 0, origin_ns) for root in reversed(roots)]
    while waiting:
        span, depth, parent_start_ns = waiting.pop()
        if span.span_id in placed:
            continue
        placed.add(span.span_id)
        below = [child for child in children.get(span.span_id, ()) if child.span_id not in placed]
        node = _node(span, depth, len(below), origin_ns)
        node.skewed = span.start_ns < parent_start_ns
        nodes.append(node)
        waiting.extend((child, depth + 1, span.start_ns) for child in reversed(below))


def _node(span: SpanRow, depth: int, child_count: int, origin_ns: int) -> SpanNode:
    parent = span.parent_span_id or None
    return SpanNode(
        span_id=span.span_id,
        parent_span_id=parent,
        depth=depth,
        child_count=child_count,
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
        orphan=depth == 0 and parent is not None,
        skewed=False,
    )
