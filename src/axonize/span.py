"""The span: what one piece of work was, when, under which parent; and which span is current."""

from __future__ import annotations

import os
import random
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from axonize.buffer import RingBuffer
from axonize.guard import guarded
from axonize.values import PLAIN, plain_attributes, plain_text, plain_value

Kind: TypeAlias = Literal["internal", "server", "client", "producer", "consumer"]
Status: TypeAlias = Literal["unset", "ok", "error"]
Event: TypeAlias = tuple[str, int, dict[str, Any]]
Self = TypeVar("Self", bound="Span")

KINDS = ("internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")
# The defaults of the OpenTelemetry SDKs; what comes later is counted as dropped.
ATTRIBUTE_LIMIT = EVENT_LIMIT = LINK_LIMIT = 128
LOW_64_BITS = 2**64 - 1
EVERY_TRACE = 2**64


@dataclass(frozen=True, slots=True)
class SpanContext:
    """The identity of a span, ours or a remote one, as W3C Trace Context carries it."""

    trace_id: str
    span_id: str
    trace_flags: int = 1
    trace_state: str = ""


ROOT = SpanContext("0" * 32, "0" * 16, 0)


class Pending(Protocol):
    """A local trace whose sampling is decided when its spans have ended."""

    def ended(self, span: Span) -> object:
        """Take an ended span of this trace."""


class Span:
    """Work with a beginning, an end and attributes; it begins when it is constructed.

    As a context manager it is the current span inside the block, and ends with it. Parent None
    means the current span; ROOT begins a new trace. Times are nanoseconds since the Unix epoch.
    After the end nothing changes any more. No method raises on account of its arguments' values.
    """

    __slots__ = (
        "__weakref__",
        "_attributes",
        "_entered",
        "_events",
        "_kind",
        "_links",
        "_message",
        "_monotonic_start",
        "_name",
        "_parent_id",
        "_pending",
        "_previous",
        "_span_id",
        "_status",
        "_trace_id",
        "_trace_state",
        "dropped_attributes_count",
        "dropped_events_count",
        "dropped_links_count",
        "end_ns",
        "ended",
        "start_ns",
    )

    _trace_id: int
    _parent_id: int
    _span_id: int
    _pending: Pending | None
    _previous: Span | None

    def __init__(
        self,
        name: str,
        attributes: Mapping[str, Any] | None = None,
        *,
        kind: Kind = "internal",
        parent: Span | SpanContext | None = None,
        start_ns: int | None = None,
    ) -> None:
        self._name = name if type(name) is str else plain_text(name)
        self._attributes: dict[str, Any] = {}
        self._events: list[Event] | None = None
        self._links: list[tuple[SpanContext, dict[str, Any]]] | None = None
        self._kind = self._status = 0
        self._message = self._trace_state = ""
        self._previous = None
        self.dropped_attributes_count = self.dropped_events_count = self.dropped_links_count = 0
        self.end_ns = 0
        self.ended = self._entered = False
        if kind != "internal":
            self._set_kind(kind)
        if start_ns is None and _clock is None:
            self.start_ns = time.time_ns()
            self._monotonic_start = time.monotonic_ns()
        else:
            self._start_at(start_ns)
        if attributes:
            self.set_attributes(attributes)
        if parent is None:
            parent = current_span.get()
        if isinstance(parent, Span):
            self._trace_id = parent._trace_id
            self._parent_id = parent._span_id
            self._trace_state = parent._trace_state
            self._pending = parent._pending
            self._span_id = _new_span_id()
        else:
            self._begin_local_root(parent)

    def _begin_local_root(self, parent: SpanContext | None) -> None:
        self._trace_id = self._parent_id = 0
        self._pending = None
        if parent is not None:
            self._follow(parent)
        if not self._trace_id:
            self._trace_id = _new_trace_id()
        self._span_id = _new_span_id()
        if (self._trace_id & LOW_64_BITS) >= _sampling_bound:
            self._pending = _begin_pending(self)

    @guarded
    def _follow(self, parent: SpanContext) -> None:
        trace_id, span_id = int(parent.trace_id, 16), int(parent.span_id, 16)
        if trace_id and span_id:
            self._trace_state = parent.trace_state
            self._trace_id, self._parent_id = trace_id, span_id

    @guarded
    def _set_kind(self, kind: str) -> None:
        self._kind = KINDS.index(kind)

    def _start_at(self, start_ns: int | None) -> None:
        self._monotonic_start = 0
        self.start_ns = _now() if start_ns is None else start_ns

    def _now(self) -> int:
        """Return the time on the clock that this span was started with."""
        if self._monotonic_start:
            return self.start_ns + time.monotonic_ns() - self._monotonic_start
        return max(_now(), self.start_ns)

    def __enter__(self: Self) -> Self:
        if not (self._entered or self.ended):
            self._entered = True
            self._previous = current_span.get()
            current_span.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._fail(error)
        if current_span.get() is self:
            current_span.set(self._previous)
        else:
            self._leave_out_of_order()
        self._previous = None
        self.end()

    def _leave_out_of_order(self) -> None:
        """Take this span out of the chain of spans to return to.

        A generator that is closed late leaves after spans that were entered later, or in another
        context, where nothing is to be done.
        """
        inner = current_span.get()
        while isinstance(inner, Span) and inner._previous is not self:
            inner = inner._previous
        if isinstance(inner, Span):
            inner._previous = self._previous

    @guarded
    def _fail(self, error: BaseException) -> None:
        if is_failure(error):
            self.record_exception(error)
            self.set_attribute("error.type", type_name(error))
            self.set_status("error", f"{type(error).__name__}: {error}")

    def end(self, end_ns: int | None = None) -> None:
        """End the span, now or at the given time, and hand it on; only the first call counts."""
        if self.ended:
            return
        self.end_ns = self._now() if end_ns is None else max(end_ns, self.start_ns)
        self.ended = True
        if self._pending is not None:
            _end_pending(self._pending, self)
        elif _buffer is not None and _buffer.push(self) and len(_buffer._items) == _wake_at:
            _wake_worker()

    def set_attribute(self, key: str, value: Any) -> None:
        """Set one attribute; lists and mappings are copied, None is ignored."""
        attributes = self._attributes
        if (
            type(value) in PLAIN
            and type(key) is str
            and len(attributes) < ATTRIBUTE_LIMIT
            and not self.ended
        ):
            attributes[key] = value
        else:
            self._set_unusual(key, value)

    @guarded
    def _set_unusual(self, key: Any, value: Any) -> None:
        key, value = plain_text(key), plain_value(value)
        if value is None or self.ended:
            return
        if key in self._attributes or len(self._attributes) < ATTRIBUTE_LIMIT:
            self._attributes[key] = value
        else:
            self.dropped_attributes_count += 1

    @guarded
    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set each attribute of the mapping."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def set_gpus(self, labels: Iterable[str]) -> None:
        """Name the GPUs this work ran on, for example ["cuda:0"]."""
        for index, label in enumerate(labels):
            self.set_attribute(f"gpu.{index}.label", label)

    @guarded
    def add_event(
        self, name: str, attributes: Mapping[str, Any] | None = None, time_ns: int | None = None
    ) -> None:
        """Add something that happened at one moment, by default now."""
        if self.ended:
            return
        if self._events is None:
            self._events = []
        if len(self._events) >= EVENT_LIMIT:
            self.dropped_events_count += 1
            return
        moment = self._now() if time_ns is None else time_ns
        self._events.append((plain_text(name), moment, plain_attributes(attributes)))

    @guarded
    def add_link(
        self, context: Span | SpanContext, attributes: Mapping[str, Any] | None = None
    ) -> None:
        """Point to a span of this or another trace that is not the parent."""
        if self.ended:
            return
        if self._links is None:
            self._links = []
        if len(self._links) >= LINK_LIMIT:
            self.dropped_links_count += 1
            return
        self._links.append((checked_context(context), plain_attributes(attributes)))

    @guarded
    def set_status(self, status: Status, message: str = "") -> None:
        """Say whether the work succeeded; "ok" is final, the message is kept for "error" only."""
        if self.ended or self._status == STATUSES.index("ok"):
            return
        self._status = STATUSES.index(status)
        self._message = plain_text(message) if status == "error" else ""

    @guarded
    def record_exception(self, exception: BaseException) -> None:
        """Add the event that OpenTelemetry defines for an exception; the status stays."""
        self.add_event("exception", exception_attributes(exception))

    @property
    def name(self) -> str:
        """What kind of work this is."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        if not self.ended:
            self._name = plain_text(name)

    @property
    def trace_id(self) -> str:
        """32 lowercase hexadecimal digits."""
        return f"{self._trace_id:032x}"

    @property
    def span_id(self) -> str:
        """16 lowercase hexadecimal digits."""
        return f"{self._span_id:016x}"

    @property
    def parent_span_id(self) -> str:
        """16 lowercase hexadecimal digits, or "" for the first span of a trace."""
        return f"{self._parent_id:016x}" if self._parent_id else ""

    @property
    def trace_flags(self) -> int:
        """1 when the trace is sampled from its beginning, 0 when that is decided at its end."""
        return int(self._pending is None)

    @property
    def trace_state(self) -> str:
        """The W3C tracestate that came with the trace."""
        return self._trace_state

    @property
    def kind(self) -> str:
        """One of KINDS."""
        return KINDS[self._kind]

    @property
    def status(self) -> str:
        """One of STATUSES."""
        return STATUSES[self._status]

    @property
    def status_message(self) -> str:
        """Why the status is "error"."""
        return self._message

    @property
    def attributes(self) -> dict[str, Any]:
        """A copy of the attributes; lists come back as tuples."""
        return self._attributes.copy()

    @property
    def events(self) -> list[Event]:
        """The events as (name, time in Unix ns, attributes)."""
        return list(self._events or ())

    @property
    def links(self) -> list[tuple[SpanContext, dict[str, Any]]]:
        """The links as (context, attributes)."""
        return list(self._links or ())

    def __repr__(self) -> str:
        return f"<Span {self._name!r} trace_id={self.trace_id} span_id={self.span_id}>"


current_span: ContextVar[Span | None] = ContextVar("axonize_current_span", default=None)


def is_failure(error: BaseException) -> bool:
    """Return whether leaving a block by this exception means that the work failed."""
    return not isinstance(error, (GeneratorExit, SystemExit))


def type_name(error: BaseException) -> str:
    """Return the qualified name of the exception's type, without "builtins."."""
    kind = type(error)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def exception_attributes(error: BaseException) -> dict[str, str]:
    """Return the attributes of OpenTelemetry's "exception" event."""
    return {
        "exception.type": type_name(error),
        "exception.message": str(error),
        "exception.stacktrace": "".join(traceback.format_exception(error)),
    }


def checked_context(context: Span | SpanContext) -> SpanContext:
    """Return the identity of a span; raises ValueError when an id has not the right form."""
    trace_id, span_id = context.trace_id, context.span_id
    if (len(bytes.fromhex(trace_id)), len(bytes.fromhex(span_id))) != (16, 8):
        raise ValueError(f"not the ids of a span: {trace_id!r} {span_id!r}")
    return SpanContext(trace_id, span_id, context.trace_flags, context.trace_state)


class _Unsampled:
    """Where the spans of a trace go that is not sampled when nobody decides later."""

    def ended(self, span: Span) -> None:
        pass


_buffer: RingBuffer | None = None
_sampling_bound = EVERY_TRACE
_pending: Callable[[Span], Pending] | None = None
_wake_at = 0
_wake: Callable[[], object] | None = None
_clock: Callable[[], int] | None = None
_random_bits: Callable[[int], int]
_new_trace_id: Callable[[], int]
_new_span_id: Callable[[], int]


def configure(
    buffer: RingBuffer | None,
    *,
    sampling_bound: int = EVERY_TRACE,
    pending: Callable[[Span], Pending] | None = None,
    wake_at: int = 0,
    wake: Callable[[], object] | None = None,
) -> None:
    """Say where ended spans go: nowhere when the buffer is None.

    A trace whose id has low 64 bits >= sampling_bound is not sampled: pending(local root) makes
    the object whose ended(span) takes the spans instead of the buffer; without it they are lost.
    wake() is called each time the buffer's length reaches wake_at.
    """
    global _buffer, _sampling_bound, _pending, _wake_at, _wake
    if not isinstance(buffer, (RingBuffer, type(None))):
        raise TypeError("buffer must be a RingBuffer or None")
    _buffer, _sampling_bound, _pending = buffer, sampling_bound, pending
    _wake_at, _wake = (wake_at, wake) if wake else (0, None)


def reseed() -> None:
    """Draw a new seed for the ids, so that a forked child repeats none of its parent's."""
    global _random_bits
    _random_bits = random.Random(os.urandom(32)).getrandbits  # noqa: S311 - ids are no secret
    _use_ids(None)


def set_test_source(clock: Callable[[], int] | None, next_id: Callable[[], int] | None) -> None:
    """Take times (Unix ns) and ids from these functions; None restores the real ones."""
    global _clock
    _clock = clock
    _use_ids(next_id)


def _use_ids(next_id: Callable[[], int] | None) -> None:
    global _new_trace_id, _new_span_id
    _new_trace_id = next_id or partial(_random_bits, 128)
    _new_span_id = next_id or partial(_random_bits, 64)


def _now() -> int:
    return _clock() if _clock else time.time_ns()


@guarded
def _begin_pending(span: Span) -> Pending | None:
    return _pending(span) if _pending else _Unsampled()


@guarded
def _end_pending(pending: Pending, span: Span) -> None:
    pending.ended(span)


@guarded
def _wake_worker() -> None:
    if _wake:
        _wake()


reseed()
