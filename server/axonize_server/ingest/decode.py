"""OTLP trace requests to rows of `spans` and `engine_steps`, without a Python loop over spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.message import DecodeError

from axonize_server.ingest import wire
from axonize_server.ingest.attributes import read_attributes, text_of
from axonize_server.ingest.bounds import check_parsed_bytes, stored_bytes, with_gpus
from axonize_server.ingest.faults import FINE, INVALID_IDS, REASONS
from axonize_server.ingest.fields import (
    Flags,
    Indices,
    as_lists,
    bounded,
    children,
    each_take,
    enum,
    fixed,
    maps,
    times,
    times_and_status,
)
from axonize_server.ingest.promote import KeyIndex, count_gpus, promote, promote_gpus
from axonize_server.ingest.promoted import RESOURCE_COLUMNS, SPAN_COLUMNS
from axonize_server.ingest.steps import find_steps, read_steps
from axonize_server.model import Accepted, MalformedRequest

INVALID_TEXT = "some text was not UTF-8: the bytes concerned were replaced by U+FFFD"
_KINDS = 6
_STEP_RESOURCE = ("service_name", "host", "resource_attributes", "resource_attribute_types")


class Request(NamedTuple):
    """One request that was read but not yet turned into columns."""

    tenant: str
    messages: pa.RecordBatch
    text_replaced: bool
    stored_bytes: int


class Decoded(NamedTuple):
    """The rows of many requests, in the order of the requests, and the answer to each.

    An answer counts spans and steps alike. Without steps their table has no columns.
    """

    spans: pa.Table
    steps: pa.Table
    answers: list[Accepted]


def read_request(tenant: str, body: bytes) -> Request:
    """Parse an ExportTraceServiceRequest; raises MalformedRequest."""
    check_parsed_bytes(body)
    try:
        message, text_replaced = _parse(body)
    except DecodeError as error:
        reason = f"the body is not an OTLP ExportTraceServiceRequest: {error}"
        raise MalformedRequest(reason) from error
    size = stored_bytes(message, len(body))
    # Written again, so that both parsers agree on what was said twice or not at all.
    rewritten = message.SerializeToString()
    del message  # it takes several times the memory of the columns
    columns = wire.COLUMNAR.list_to_record_batch([rewritten])
    size = with_gpus(size, _count_gpus(columns) if b"gpu." in body else 0)
    return Request(tenant, columns, text_replaced, size)


def _count_gpus(columns: pa.RecordBatch) -> int:
    scopes = columns.column("resource_spans").flatten().field("scope_spans").flatten()
    return count_gpus(scopes.field("spans").flatten().field("attributes"))


def _parse(body: bytes) -> tuple[Any, bool]:
    try:
        return wire.StrictRequest.FromString(body), False
    except DecodeError:
        return wire.LenientRequest.FromString(body), True


def decode(requests: Sequence[Request]) -> Decoded:
    """Turn requests into a table of spans and one of steps; what is faulty is left out, counted."""
    batch = pa.concat_batches([request.messages for request in requests])
    resources, request_of_resource = children(batch.column("resource_spans"))
    scopes, resource_of_scope = children(resources.field("scope_spans"))
    spans, scope_of_span = children(scopes.field("spans"))
    resource_of_span = resource_of_scope[scope_of_span]
    request_of_span = request_of_resource[resource_of_span]
    faults, is_step, steps = _separate(spans)
    owners = _Owners(
        {"tenant_id": pa.array([request.tenant for request in requests]).dictionary_encode()},
        _resource_columns(resources.field("resource")),
        _scope_columns(scopes.field("scope")),
        request_of_span,
        resource_of_span,
        scope_of_span,
    )
    fine_steps = np.flatnonzero(is_step & (faults == FINE))
    return Decoded(
        _span_table(spans, np.flatnonzero(~is_step & (faults == FINE)), owners),
        _step_table(steps, fine_steps, owners) if len(fine_steps) else pa.table({}),
        _answers(requests, request_of_span, faults),
    )


class _Owners(NamedTuple):
    """The columns of what spans came in, and the rows of each span in them."""

    requests: dict[str, pa.Array]
    resources: dict[str, pa.Array]
    scopes: dict[str, pa.Array]
    request_of_span: Indices
    resource_of_span: Indices
    scope_of_span: Indices


def _separate(spans: pa.StructArray) -> tuple[Indices, Flags, dict[str, pa.Array]]:
    """Return the fault of each span, which of them are steps, and the columns of the fine steps."""
    faults = np.where(_valid_ids(spans), FINE, INVALID_IDS)
    is_step = find_steps(spans) & (faults == FINE)
    if not is_step.any():
        return faults, is_step, {}
    steps, faults[is_step] = read_steps(spans.filter(pa.array(is_step)))
    fine = faults[is_step] == FINE
    return faults, is_step, steps if fine.all() else each_take(steps, np.flatnonzero(fine))


def _span_table(spans: pa.StructArray, rows: Indices, owners: _Owners) -> pa.Table:
    if len(rows) < len(spans):
        spans = spans.take(pa.array(rows))
    return pa.table(
        {
            **each_take(owners.requests, owners.request_of_span[rows]),
            **_span_columns(spans),
            **each_take(owners.scopes, owners.scope_of_span[rows]),
            **each_take(owners.resources, owners.resource_of_span[rows]),
            **_event_columns(spans.field("events")),
            **_link_columns(spans.field("links")),
        }
    )


def _step_table(steps: dict[str, pa.Array], rows: Indices, owners: _Owners) -> pa.Table:
    resources = {name: owners.resources[name] for name in _STEP_RESOURCE}
    return pa.table(
        {
            **each_take(owners.requests, owners.request_of_span[rows]),
            **steps,
            **each_take(resources, owners.resource_of_span[rows]),
        }
    )


def _valid_ids(spans: pa.StructArray) -> Flags:
    parents = spans.field("parent_span_id")
    no_parent = pc.equal(pc.binary_length(parents), 0)
    valid = pc.and_(
        pc.and_(_is_id(spans.field("trace_id"), 16), _is_id(spans.field("span_id"), 8)),
        pc.or_(no_parent, pc.equal(pc.binary_length(parents), 8)),
    )
    return np.asarray(valid)


def _is_id(ids: pa.BinaryArray, width: int) -> pa.BooleanArray:
    return pc.and_(pc.equal(pc.binary_length(ids), width), pc.not_equal(ids, bytes(width)))


def _answers(
    requests: Sequence[Request], request_of_span: Indices, faults: Indices
) -> list[Accepted]:
    counts = np.zeros((len(requests), len(REASONS)), np.intp)
    np.add.at(counts, (request_of_span, faults), 1)
    return [
        answer(fine, faulty, request.text_replaced)
        for request, (fine, *faulty) in zip(requests, counts.tolist(), strict=True)
    ]


def answer(fine: int, faulty: Sequence[int], text_replaced: bool = False) -> Accepted:
    """Return the answer to a request with so many fine spans, and so many with each fault."""
    reasons = [f"{count} {why}" for count, why in zip(faulty, REASONS[1:], strict=False) if count]
    return Accepted(fine, sum(faulty), "; ".join(reasons + [INVALID_TEXT] * text_replaced))


def _span_columns(spans: pa.StructArray) -> dict[str, pa.Array]:
    attributes = read_attributes(spans.field("attributes"))
    index = KeyIndex(attributes)
    return {
        "trace_id": spans.field("trace_id").cast(pa.binary(16)),
        "span_id": spans.field("span_id").cast(pa.binary(8)),
        "parent_span_id": fixed(spans.field("parent_span_id"), 8),
        "trace_state": text_of(spans.field("trace_state")),
        "flags": spans.field("flags"),
        "name": text_of(spans.field("name")).dictionary_encode(),
        "kind": enum(spans.field("kind"), _KINDS),
        **times_and_status(spans),
        **promote(index, SPAN_COLUMNS),
        **promote_gpus(index),
        **maps("attribute", attributes),
    }


def _scope_columns(scopes: pa.StructArray) -> dict[str, pa.Array]:
    return {
        "scope_name": text_of(scopes.field("name")).dictionary_encode(),
        "scope_version": text_of(scopes.field("version")).dictionary_encode(),
        **maps("scope_attribute", read_attributes(scopes.field("attributes"))),
    }


def _resource_columns(resources: pa.StructArray) -> dict[str, pa.Array]:
    attributes = read_attributes(resources.field("attributes"))
    return {
        **promote(KeyIndex(attributes), RESOURCE_COLUMNS),
        **maps("resource_attribute", attributes),
    }


def _event_columns(lists: pa.ListArray) -> dict[str, pa.Array]:
    events = lists.flatten()
    columns = {
        "events.time": times(bounded(events.field("time_unix_nano"))),
        "events.name": text_of(events.field("name")),
        **maps("events.attribute", read_attributes(events.field("attributes"))),
    }
    return as_lists(columns, lists)


def _link_columns(lists: pa.ListArray) -> dict[str, pa.Array]:
    links = lists.flatten()
    columns = {
        "links.trace_id": fixed(links.field("trace_id"), 16),
        "links.span_id": fixed(links.field("span_id"), 8),
        "links.trace_state": text_of(links.field("trace_state")),
        **maps("links.attribute", read_attributes(links.field("attributes"))),
    }
    return as_lists(columns, lists)
