"""OTLP trace requests to a table with the columns of `spans`, without a Python loop over spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.message import DecodeError

from axonize_server.ingest import wire
from axonize_server.ingest.attributes import (
    Attributes,
    offsets_from_zero,
    read_attributes,
    text_of,
)
from axonize_server.ingest.bounds import check_parsed_bytes, stored_bytes
from axonize_server.ingest.promote import KeyIndex, promote, promote_gpus
from axonize_server.ingest.promoted import RESOURCE_COLUMNS, SPAN_COLUMNS
from axonize_server.model import Accepted, MalformedRequest

INVALID_IDS = "spans without a valid trace id (16 bytes), span id or parent span id (8 bytes)"
INVALID_TEXT = "some text was not UTF-8: the bytes concerned were replaced by U+FFFD"
_LAST_TIME = np.uint64(2**63 - 1)  # what DateTime64(9) holds: 2262-04-11
_TIME = pa.timestamp("ns", "UTC")
_KINDS = 6
_STATUSES = 3

Indices = npt.NDArray[np.intp]


class Request(NamedTuple):
    """One request that was read but not yet turned into columns."""

    tenant: str
    messages: pa.RecordBatch
    text_replaced: bool
    stored_bytes: int


class Decoded(NamedTuple):
    """The spans of many requests, in the order of the requests, and the answer to each."""

    spans: pa.Table
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
    return Request(tenant, wire.COLUMNAR.list_to_record_batch([rewritten]), text_replaced, size)


def _parse(body: bytes) -> tuple[Any, bool]:
    try:
        return wire.StrictRequest.FromString(body), False
    except DecodeError:
        return wire.LenientRequest.FromString(body), True


def decode(requests: Sequence[Request]) -> Decoded:
    """Turn requests into one table; spans with invalid ids are left out and counted."""
    batch = pa.concat_batches([request.messages for request in requests])
    resources, request_of_resource = _children(batch.column("resource_spans"))
    scopes, resource_of_scope = _children(resources.field("scope_spans"))
    spans, scope_of_span = _children(scopes.field("spans"))
    valid = _valid_ids(spans)
    request_of_span = request_of_resource[resource_of_scope[scope_of_span]]
    answers = _answers(requests, request_of_span, valid)
    if not valid.all():
        spans, scope_of_span = spans.filter(pa.array(valid)), scope_of_span[valid]
        request_of_span = request_of_span[valid]
    tenants = pa.array([request.tenant for request in requests]).dictionary_encode()
    columns = {
        "tenant_id": tenants.take(pa.array(request_of_span)),
        **_span_columns(spans),
        **_each_take(_scope_columns(scopes.field("scope")), scope_of_span),
        **_each_take(
            _resource_columns(resources.field("resource")), resource_of_scope[scope_of_span]
        ),
        **_event_columns(spans.field("events")),
        **_link_columns(spans.field("links")),
    }
    return Decoded(pa.table(columns), answers)


def _children(lists: pa.ListArray) -> tuple[pa.StructArray, Indices]:
    return lists.flatten(), pc.list_parent_indices(lists).to_numpy()


def _each_take(columns: dict[str, pa.Array], rows: Indices) -> dict[str, pa.Array]:
    taken = pa.array(rows)
    return {name: column.take(taken) for name, column in columns.items()}


def _valid_ids(spans: pa.StructArray) -> npt.NDArray[np.bool_]:
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
    requests: Sequence[Request], request_of_span: Indices, valid: npt.NDArray[np.bool_]
) -> list[Accepted]:
    taken = np.bincount(request_of_span[valid], minlength=len(requests)).tolist()
    refused = np.bincount(request_of_span[~valid], minlength=len(requests)).tolist()
    return [
        Accepted(
            spans,
            rejected,
            "; ".join(
                [f"{rejected} {INVALID_IDS}"] * bool(rejected)
                + [INVALID_TEXT] * request.text_replaced
            ),
        )
        for request, spans, rejected in zip(requests, taken, refused, strict=True)
    ]


def _span_columns(spans: pa.StructArray) -> dict[str, pa.Array]:
    attributes = read_attributes(spans.field("attributes"))
    index = KeyIndex(attributes)
    status, start = spans.field("status"), _bounded(spans.field("start_time_unix_nano"))
    end = np.maximum(start, _bounded(spans.field("end_time_unix_nano")))
    return {
        "trace_id": spans.field("trace_id").cast(pa.binary(16)),
        "span_id": spans.field("span_id").cast(pa.binary(8)),
        "parent_span_id": _fixed(spans.field("parent_span_id"), 8),
        "trace_state": text_of(spans.field("trace_state")),
        "flags": spans.field("flags"),
        "name": text_of(spans.field("name")).dictionary_encode(),
        "kind": _enum(spans.field("kind"), _KINDS),
        "start_time": _times(start),
        "end_time": _times(end),
        "status": _enum(status.field("code"), _STATUSES),
        "status_message": text_of(status.field("message")),
        **promote(index, SPAN_COLUMNS),
        **promote_gpus(index),
        **_maps("attribute", attributes),
    }


def _scope_columns(scopes: pa.StructArray) -> dict[str, pa.Array]:
    return {
        "scope_name": text_of(scopes.field("name")).dictionary_encode(),
        "scope_version": text_of(scopes.field("version")).dictionary_encode(),
        **_maps("scope_attribute", read_attributes(scopes.field("attributes"))),
    }


def _resource_columns(resources: pa.StructArray) -> dict[str, pa.Array]:
    attributes = read_attributes(resources.field("attributes"))
    return {
        **promote(KeyIndex(attributes), RESOURCE_COLUMNS),
        **_maps("resource_attribute", attributes),
    }


def _event_columns(lists: pa.ListArray) -> dict[str, pa.Array]:
    events = lists.flatten()
    columns = {
        "events.time": _times(_bounded(events.field("time_unix_nano"))),
        "events.name": text_of(events.field("name")),
        **_maps("events.attribute", read_attributes(events.field("attributes"))),
    }
    return _as_lists(columns, lists)


def _link_columns(lists: pa.ListArray) -> dict[str, pa.Array]:
    links = lists.flatten()
    columns = {
        "links.trace_id": _fixed(links.field("trace_id"), 16),
        "links.span_id": _fixed(links.field("span_id"), 8),
        "links.trace_state": text_of(links.field("trace_state")),
        **_maps("links.attribute", read_attributes(links.field("attributes"))),
    }
    return _as_lists(columns, lists)


def _maps(name: str, attributes: Attributes) -> dict[str, pa.Array]:
    return {f"{name}s": attributes.as_map(), f"{name}_types": attributes.types()}


def _as_lists(columns: dict[str, pa.Array], lists: pa.ListArray) -> dict[str, pa.Array]:
    offsets = offsets_from_zero(lists)
    return {name: pa.ListArray.from_arrays(offsets, column) for name, column in columns.items()}


def _bounded(times: pa.UInt64Array) -> npt.NDArray[np.uint64]:
    return np.asarray(np.minimum(times.to_numpy(), _LAST_TIME))


def _times(nanoseconds: npt.NDArray[np.uint64]) -> pa.TimestampArray:
    return pa.array(nanoseconds.view(np.int64)).view(_TIME)


def _enum(numbers: pa.Int32Array, size: int) -> pa.Int8Array:
    known = pc.and_(pc.greater_equal(numbers, 0), pc.less(numbers, size))
    return pc.if_else(known, numbers, 0).cast(pa.int8())


def _fixed(ids: pa.BinaryArray, width: int) -> pa.FixedSizeBinaryArray:
    """Return ids with the one width that the column has; one of another width becomes zeros."""
    fits = pc.equal(pc.binary_length(ids), width)
    return pc.if_else(fits, ids, pa.scalar(bytes(width), pa.binary())).cast(pa.binary(width))
