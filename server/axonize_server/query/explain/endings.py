"""How a trace ended, where it did not end well: an error, or a client that left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from axonize_server.model import SpanNode, SpanRecord
from axonize_server.query.explain import words
from axonize_server.query.explain.path import Family, Segment
from axonize_server.query.explain.records import NOTHING, Fact, SpanEvidence

STATUS = "http.response.status_code"
REASONS = "gen_ai.response.finish_reasons"
LEFT = "axonize.http.client_disconnected"
_SAID = ("error.type", "exception.type", "exception.message", STATUS, REASONS, LEFT)


def failed_span(spans: Sequence[SpanNode], kin: Family, root: int) -> int | None:
    """Return where the error of a failed root came from: down the failed spans, the last first."""
    at = None if spans[root].status != "error" else root
    below = [root]
    while below:
        failed = [child for child in below if spans[child].status == "error"]
        if failed:
            at = max(failed, key=lambda child: spans[child].start_offset_ns)
        below = kin.children[at] if failed and at is not None else []
    return at


def endings(
    root: SpanRecord,
    failed: SpanRecord | None,
    requests: Iterable[SpanRecord],
    phases: Sequence[tuple[Segment, str]],
) -> list[Fact]:
    """Return the error, else the abort, that the root's end was."""
    requests = list(requests)
    failed = failed or next((each for each in requests if each.status == "error"), None)
    if failed is not None or _refused(root):
        return [_error(root, failed or root)]
    left = [each for each in (*requests, root) if _aborted(each)]
    return [_abort(root, left, requests, phases)] if left else []


def _refused(root: SpanRecord) -> bool:
    status = root.attributes.get(STATUS)
    return isinstance(status, int) and status >= 400


def _aborted(span: SpanRecord) -> bool:
    reasons = span.attributes.get(REASONS)
    return bool(span.attributes.get(LEFT)) or (isinstance(reasons, list) and "abort" in reasons)


def _error(root: SpanRecord, failed: SpanRecord) -> Fact:
    said = _attributes(failed)
    kind = said.get("error.type") or said.get("exception.type") or ""
    message = failed.status_message or said.get("exception.message", "")
    if message == kind:
        message = ""
    status = _attributes(root).get(STATUS) if _refused(root) else None
    what = ": ".join(each for each in (kind, message) if each)
    if status and kind in ("", status):
        what = f"HTTP {status}" + (f": {message}" if message else "")
    took = words.duration(failed.end_ns - failed.start_ns)
    where = "" if failed.span_id == root.span_id else f" in {failed.name}"
    return Fact(
        kind="error",
        text=f"Failed{where} after {took}" + (f" with {what}" if what else ""),
        duration_ns=failed.end_ns - failed.start_ns,
        evidence=replace(
            NOTHING,
            spans=[SpanEvidence(failed.span_id, failed.end_ns - failed.start_ns)],
            span_count=1,
            attributes=said,
        ),
    )


def _abort(
    root: SpanRecord,
    left: list[SpanRecord],
    requests: list[SpanRecord],
    phases: Sequence[tuple[Segment, str]],
) -> Fact:
    span = left[0]
    made = sum(_count(each, "gen_ai.usage.output_tokens") for each in requests)
    phase = f", in {phases[-1][1]}" if phases else ""
    tokens = f" after {words.tokens(made)}" if made else ""
    took = span.end_ns - span.start_ns
    return Fact(
        kind="abort",
        text=f"The client left after {words.duration(root.end_ns - root.start_ns)}{phase}{tokens}",
        duration_ns=took,
        evidence=replace(
            NOTHING,
            spans=[SpanEvidence(each.span_id, each.end_ns - each.start_ns) for each in left],
            span_count=len(left),
            counters={"output_tokens": made} if made else {},
            attributes=_attributes(span),
        ),
    )


def _count(span: SpanRecord, name: str) -> int:
    value = span.attributes.get(name)
    return value if isinstance(value, int) else 0


def _attributes(span: SpanRecord) -> dict[str, str]:
    """Return what a span says of its end, and its last exception."""
    known = dict(span.attributes)
    for event in span.events:
        if event.name == "exception":
            known |= event.attributes
    return {name: _text(known[name]) for name in _SAID if name in known}


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
