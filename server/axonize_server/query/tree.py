"""The spans of one trace in tree order, for traces of any depth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from axonize_server.model import SpanNode, SpanRow

ROOT = -1


class Order(NamedTuple):
    """Spans depth-first, siblings in the given order; spans are meant by their given places."""

    places: list[int]
    """The spans in order."""
    parents: list[int]
    """Of each span as given; ROOT where it stands among the roots."""
    depths: list[int]
    """Of each span as given."""
    children: list[int]
    """How many each span has, as given."""


def order(span_ids: Sequence[str], parent_span_ids: Sequence[str]) -> Order:
    """Return how spans stand as a tree; "" is the parent of a root.

    A span whose parent is missing stands among the roots, and so does one of the spans that are
    each other's ancestors. Nothing is left out. Runs in time linear in the spans, without
    recursion; their ids must differ.
    """
    known = {span_id: place for place, span_id in enumerate(span_ids)}
    parents = [known.get(parent, ROOT) for parent in parent_span_ids]
    children: dict[int, list[int]] = {}
    for place, parent in enumerate(parents):
        children.setdefault(parent, []).append(place)
    found = Order([], parents, [0] * len(parents), [0] * len(parents))
    _place(found, children.pop(ROOT, []), children)
    for place, parent in enumerate(parents) if children else ():
        if parent in children:  # not placed, so a cycle is above it
            root = _find_cycle(place, parents)
            children[parents[root]].remove(root)
            parents[root] = ROOT
            _place(found, [root], children)
    return found


def _place(found: Order, roots: list[int], children: dict[int, list[int]]) -> None:
    """Put the roots and all below them in order, and take the lists of children that were used."""
    places, _, depths, counts = found
    waiting = roots[::-1]
    while waiting:
        place = waiting.pop()
        places.append(place)
        below = children.pop(place, None)
        if below is None:
            continue
        counts[place] = len(below)
        depth = depths[place] + 1
        for child in below:
            depths[child] = depth
        waiting += below[::-1]


def _find_cycle(place: int, parents: list[int]) -> int:
    """Return a span that is its own ancestor, above the given one."""
    seen: set[int] = set()
    while place not in seen:
        seen.add(place)
        place = parents[place]
    return place


def arrange(spans: list[SpanRow]) -> list[SpanNode]:
    """Return the spans as `order` puts them, each with its depth and what is odd about it.

    No clock is corrected. Offsets are from the earliest start.
    """
    found = order([span.span_id for span in spans], [span.parent_span_id for span in spans])
    origin_ns = min((span.start_ns for span in spans), default=0)
    nodes = [_node(span, origin_ns) for span in spans]
    for node, parent, depth, count in zip(
        nodes, found.parents, found.depths, found.children, strict=True
    ):
        node.depth = depth
        node.child_count = count
        node.orphan = parent == ROOT and node.parent_span_id is not None
        node.skewed = parent != ROOT and node.start_offset_ns < nodes[parent].start_offset_ns
    return [nodes[place] for place in found.places]


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
