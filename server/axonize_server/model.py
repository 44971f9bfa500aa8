"""The records that pass between the rooms of the server, and the errors they raise; no I/O."""

# ruff: noqa: N818  (an error is named by what happened, not by what it is)

from __future__ import annotations

from typing import Literal

import msgspec

AttributeValue = object
"""A JSON value: text, bool, int, float, list, dict or null; bytes are {"bytes": base64}."""

Status = Literal["ok", "error"]
SpanStatus = Literal["unset", "ok", "error"]
Clock = Literal["ahead", "behind"]
Kind = Literal["unspecified", "internal", "server", "client", "producer", "consumer"]
Sort = Literal["-start_time", "start_time", "-duration", "duration"]
Operator = Literal["exists", "=", "!=", ">", ">=", "<", "<="]


class DomainError(Exception):
    """Base of everything the server raises on purpose; its text is meant for the caller."""


class MalformedRequest(DomainError):
    """The body is not a valid OTLP request; sending it again cannot help."""


class InvalidQuery(DomainError):
    """A parameter of a question has a value that has no meaning."""


class NotFound(DomainError):
    """What was asked for is not stored, or belongs to another tenant."""


class Unauthenticated(DomainError):
    """The request carries no key, or one that is not valid."""


class Forbidden(DomainError):
    """The key is valid, but not for this."""


class Conflict(DomainError):
    """What shall be made is there already."""


class QuotaExceeded(DomainError):
    """The tenant has stored as many spans today as it may; trying again helps tomorrow."""


class Overloaded(DomainError):
    """The server holds as much unwritten data as it may; try again after retry_after_s seconds."""

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreUnavailable(DomainError):
    """A database does not answer or has no room; try again after retry_after_s seconds."""

    def __init__(self, message: str, retry_after_s: float = 5.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreRefused(DomainError):
    """A database refused the data or the statement itself; trying again cannot help."""


class QueryTooSlow(DomainError):
    """A query ran into its time limit."""


class QueryTooLarge(DomainError):
    """A query ran into its limit of memory or of rows read."""


class MigrationError(DomainError):
    """The databases and the migrations of this release do not fit together."""


class StartError(DomainError):
    """The server cannot start; the text says what to change."""


class UnusableFile(DomainError):
    """A file that a setting names cannot be used; the text says which, and why."""


class Accepted(msgspec.Struct, frozen=True):
    """What became of one OTLP request: spans (or data points) stored and refused, and why.

    The message is empty when there is nothing to say; `reasons` counts what was refused by a word.
    """

    spans: int
    rejected: int = 0
    message: str = ""
    reasons: dict[str, int] = {}


class NativeBlock(msgspec.Struct, frozen=True):
    """Rows of spans as bytes of ClickHouse's Native format."""

    data: bytes
    num_rows: int


class AttributeFilter(msgspec.Struct, frozen=True):
    """A condition that a span's attribute, or one of its resource, must meet.

    `number` is the value where it is compared as a number.
    """

    key: str
    operator: Operator
    value: str = ""
    number: float | None = None


class TraceSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Which traces are wanted: those that start in [from_ns, to_ns), both Unix ns, and match."""

    from_ns: int
    to_ns: int
    service: str | None = None
    model: str | None = None
    gpu: str | None = None
    status: Status | None = None
    min_duration_ns: int | None = None
    max_duration_ns: int | None = None
    text: str | None = None
    attributes: tuple[AttributeFilter, ...] = ()
    setup: bool | None = None
    sort: Sort = "-start_time"
    limit: int = 50


class TraceKey(msgspec.Struct, frozen=True):
    """The place of a trace in a sorted list: start (Unix ns) or duration (ns), then the id."""

    value: int
    trace_id: str


class TraceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One trace in a list, computed from all of its spans; times in ns, ttft in ms.

    `setup`: its root says that it makes ready, as what loads a model does; so it is no request.
    """

    trace_id: str
    start_ns: int
    duration_ns: int
    name: str
    service_name: str
    services: list[str]
    models: list[str]
    span_count: int
    error_count: int
    input_tokens: int
    output_tokens: int
    ttft_ms: float | None
    setup: bool = False

    @property
    def status(self) -> Status:
        """Return "error" when any span of the trace failed."""
        return "error" if self.error_count else "ok"


class SpanGPU(msgspec.Struct, frozen=True, gc=False):
    """A GPU that a span ran on, as its process reported it; unknown parts are empty."""

    label: str
    resource_uuid: str
    physical_uuid: str
    model: str
    vendor: str
    node_id: str


class SpanRow(msgspec.Struct, gc=False):
    """The part of a span that a trace view draws; times in Unix ns, ids in lowercase hex."""

    span_id: str
    parent_span_id: str
    name: str
    service_name: str
    kind: Kind
    status: SpanStatus
    start_ns: int
    end_ns: int
    model: str
    input_tokens: int
    output_tokens: int
    ttft_ms: float
    gpus: list[SpanGPU]
    links: int
    events: int
    clock: Clock | Literal[""] = ""


class SpanTable(msgspec.Struct, frozen=True):
    """What SpanRow says of many spans: a list a field, all of one length."""

    span_id: list[str]
    parent_span_id: list[str]
    name: list[str]
    service_name: list[str]
    kind: list[Kind]
    status: list[SpanStatus]
    start_ns: list[int]
    end_ns: list[int]
    model: list[str]
    input_tokens: list[int]
    output_tokens: list[int]
    ttft_ms: list[float]
    gpus: list[list[SpanGPU]]
    links: list[int]
    events: list[int]
    clock: list[Clock | Literal[""]]


class SpanNode(msgspec.Struct, kw_only=True, gc=False):
    """A span in its place in the tree; offset and duration in ns, ttft in ms.

    `orphan`: the span names a parent that the trace does not hold, and stands among the roots.
    `skewed`: it starts before its parent, so the clocks of the two processes differ.
    `clock`: its times cannot be right: "ahead" when it starts more than a minute after it was
    stored, "behind" when it ended more than a day before.
    """

    span_id: str
    parent_span_id: str | None
    depth: int
    child_count: int
    name: str
    service_name: str
    kind: Kind
    status: SpanStatus
    start_offset_ns: int
    duration_ns: int
    model: str | None
    input_tokens: int
    output_tokens: int
    ttft_ms: float | None
    gpus: list[SpanGPU]
    links: int
    events: int
    orphan: bool
    skewed: bool
    clock: Clock | None = None


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """One whole trace: its summary and its spans depth-first, siblings by start."""

    summary: TraceRecord
    spans: list[SpanNode]


class TraceTable(msgspec.Struct, frozen=True):
    """One whole trace as Trace, its spans by columns in the order in which they are stored."""

    summary: TraceRecord
    spans: SpanTable


class SpanEvent(msgspec.Struct, frozen=True):
    """Something that happened during a span; time in Unix ns."""

    name: str
    time_ns: int
    attributes: dict[str, AttributeValue]


class SpanLink(msgspec.Struct, frozen=True):
    """A pointer from a span to a span of this or another trace."""

    trace_id: str
    span_id: str
    trace_state: str
    attributes: dict[str, AttributeValue]


class SpanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything stored about one span; times in Unix ns, ids in lowercase hex."""

    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    kind: Kind
    service_name: str
    scope_name: str
    scope_version: str
    start_ns: int
    end_ns: int
    status: SpanStatus
    status_message: str
    trace_state: str
    attributes: dict[str, AttributeValue]
    resource: dict[str, AttributeValue]
    events: list[SpanEvent]
    links: list[SpanLink]


class Facets(msgspec.Struct, frozen=True):
    """The values that a filter can take in a time range, sorted."""

    services: list[str]
    models: list[str]
