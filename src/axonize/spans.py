"""The span: what one piece of work was, when, under which parent; and which span is current."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar, Token
from time import monotonic_ns, time_ns
from types import TracebackType
from typing import Any, Literal, TypeAlias, TypeVar

from axonize import context, pipeline, recording, source
from axonize.context import ROOT as ROOT
from axonize.context import SpanContext as SpanContext
from axonize.context import checked_context
from axonize.guard import guarded
from axonize.pipeline import Pending
from axonize.values import PLAIN, plain_attributes, plain_text, plain_value

Kind: TypeAlias = Literal["internal", "server", "client", "producer", "consumer"]
Status: TypeAlias = Literal["unset", "ok", "error"]
Event: TypeAlias = tuple[str, int, dict[str, Any]]
Link: TypeAlias = tuple[SpanContext, dict[str, Any]]
Self = TypeVar("Self", bound="Span")

KINDS = ("internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")
LIMIT = 128
"""Of attributes, events and links, as in the OpenTelemetry SDKs; what comes later is counted."""
LOW_64_BITS = 2**64 - 1
NOTHING: frozenset[type] = frozenset()


class Span:
    """Work with a beginning, an end and attributes; it begins when it is constructed.

    As a context manager it is the current span inside the block, and ends with it. Parent None
    means the current span; ROOT begins a new trace. Times are nanoseconds since the Unix epoch.
    After the end nothing changes any more. No method raises on account of its arguments' values.
    """

    # Defaults of what few spans set: the class holds them, so that a new span need not. What every
    # span sets has no default here: CPython is slow to write over one.
    _kind = _status = 0
    _message = ""
    _works = False  # whether its work wants to know of its end
    _events: list[Event] | None = None
    _links: list[Link] | None = None
    dropped_attributes_count = dropped_events_count = dropped_links_count = 0

    start_ns: int
    _name: str
    _trace_id: int
    _trace_state: str
    _parent_id: int
    _span_id: int
    _pending: Pending | None
    _work: recording.Work | None  # its own, else that of a span around it

    def __init__(
        self,
        name: str,
        attributes: Mapping[str, Any] | None = None,
        *,
        kind: Kind = "internal",
        parent: Span | SpanContext | None = None,
        start_ns: int | None = None,
    ) -> None:
        # One long function, because each call that it made would cost as much as a clock.
        self._attributes: dict[str, Any] = {}
        self._taken = PLAIN  # types of the values that are set as they are; none after the end
        self._token: Token[Span | None] | None = None
        if type(name) is str:
            self._name = name
        else:
            self._name = ""
            self._set_name(name)
        if kind != "internal":
            self._set_kind(kind)
        if start_ns is None and source.test_clock is None:
            self.start_ns = time_ns()
            self._monotonic_start = self._monotonic_end = monotonic_ns()
        else:
            self._start_at(start_ns)
        if attributes:
            self.set_attributes(attributes)
        if parent is None:
            parent = current_span.get()
            if parent is None and context.root_parent is not None:
                parent = context.find_root_parent()
        if parent is not None and isinstance(parent, Span):
            self._trace_id = parent._trace_id
            self._trace_state = parent._trace_state
            self._parent_id = parent._span_id
            self._span_id = source.new_id(64)
            self._pending = parent._pending
            self._work = parent._work
            return
        self._trace_state = ""
        self._work = None
        self._parent_id = 0
        followed = parent is not None and self._follow(parent)
        self._trace_id = followed or source.new_id(128)
        self._span_id = source.new_id(64)
        self._pending = None
        sampled = pipeline.bound is None or self._trace_id & LOW_64_BITS < pipeline.bound
        if not sampled and parent is not context.KEPT:
            self._pending = pipeline.begin_pending(self)

    @guarded
    def _follow(self, parent: SpanContext) -> int:
        """Take the parent of another process or tool; return its trace, 0 when it has no ids."""
        parent = checked_context(parent)
        trace_id, span_id = int(parent.trace_id, 16), int(parent.span_id, 16)
        if not trace_id or not span_id:
            return 0
        self._trace_state = plain_text(parent.trace_state)
        self._parent_id = span_id
        return trace_id

    @guarded
    def _set_name(self, name: Any) -> None:
        self._name = plain_text(name)

    @guarded
    def _set_kind(self, kind: str) -> None:
        self._kind = KINDS.index(kind)

    def _start_at(self, start_ns: int | None) -> None:
        self._monotonic_start = self._monotonic_end = 0
        given = _checked_time(start_ns)
        self.start_ns = (source.test_clock or time_ns)() if given is None else given

    def _moment(self, time_ns: int | None) -> int:
        given = _checked_time(time_ns)
        return self._now() if given is None else given

    def _now(self) -> int:
        """Return the time on the clock that this span was started with."""
        if self._monotonic_start:
            return self.start_ns + monotonic_ns() - self._monotonic_start
        return max((source.test_clock or time_ns)(), self.start_ns)

    def __enter__(self: Self) -> Self:
        if self._token is None and self._taken:
            self._token = current_span.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        token = self._token
        if token is not None:
            self._token = None
            if current_span.get() is self:
                try:
                    current_span.reset(token)
                except ValueError:  # entered in another context, of which this one is a copy
                    current_span.set(_previous_span(token))
            else:
                self._leave_out_of_order(token)
        if error is not None:
            recording.record_failure(self, error)
        self.end()

    def _leave_out_of_order(self, token: Token[Span | None]) -> None:
        if not _bypass(self, token, current_span.get()):
            with suppress(ValueError):  # entered in another context, so this one is none of ours
                current_span.reset(token)

    def end(self, end_ns: int | None = None) -> None:
        """End the span, now or at the given time, and hand it on; only the first call counts."""
        if not self._taken:
            return
        if self._works:
            self._end_work()
        self._taken = NOTHING
        if end_ns is None and self._monotonic_start:
            self._monotonic_end = monotonic_ns()
        else:
            duration = max(self._moment(end_ns) - self.start_ns, 0)
            self._monotonic_end = self._monotonic_start + duration
        if self._pending is None:
            pipeline.deliver(self)
        else:
            pipeline.end_pending(self._pending, self)

    @guarded
    def _begin_work(self, work: recording.Work) -> None:
        """Have this told at the end of the span, and known to spans that begin below it."""
        self._work, self._works = work, True

    @guarded
    def _end_work(self) -> None:
        self._works = False
        if self._work is not None:
            self._work.ended(self)

    @property
    def end_ns(self) -> int:
        """When it ended, 0 before that."""
        if self._taken:
            return 0
        return self.start_ns + self._monotonic_end - self._monotonic_start

    @property
    def ended(self) -> bool:
        """Whether end() was called."""
        return not self._taken

    def set_attribute(self, key: str, value: Any) -> None:
        """Set one attribute; lists and mappings are copied, None is ignored."""
        attributes = self._attributes
        if type(value) in self._taken and type(key) is str and len(attributes) < LIMIT:
            attributes[key] = value
        else:
            self._set_unusual(key, value)

    @guarded
    def _set_unusual(self, key: Any, value: Any) -> None:
        key, value = plain_text(key), plain_value(value)
        if value is None or self.ended:
            return
        if key in self._attributes or len(self._attributes) < LIMIT:
            self._attributes[key] = value
        else:
            self.dropped_attributes_count += 1

    @guarded
    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set each attribute of the mapping."""
        for key, value in attributes.items():
            Span.set_attribute(self, key, value)

    def set_gpus(self, labels: Iterable[str]) -> None:
        """Name the GPUs that this works on from now to its end, for example ["cuda:0"]."""
        recording.set_gpus(self, labels)

    @guarded
    def add_event(
        self, name: str, attributes: Mapping[str, Any] | None = None, time_ns: int | None = None
    ) -> None:
        """Add something that happened at one moment, by default now."""
        if self.ended:
            return
        self._events = self._events or []
        if len(self._events) < LIMIT:
            event = (plain_text(name), self._moment(time_ns), plain_attributes(attributes))
            self._events.append(event)
        else:
            self.dropped_events_count += 1

    @guarded
    def add_link(
        self, context: Span | SpanContext, attributes: Mapping[str, Any] | None = None
    ) -> None:
        """Point to a span of this or another trace that is not the parent."""
        if self.ended:
            return
        self._links = self._links or []
        if len(self._links) < LIMIT:
            self._links.append((checked_context(context), plain_attributes(attributes)))
        else:
            self.dropped_links_count += 1

    @guarded
    def set_status(self, status: Status, message: str = "") -> None:
        """Say whether the work succeeded; "ok" is final, the message is kept for "error" only."""
        if self.ended or self._status == STATUSES.index("ok"):
            return
        message = plain_text(message) if status == "error" else ""
        self._status, self._message = STATUSES.index(status), message

    def record_exception(self, exception: BaseException) -> None:
        """Add the event that OpenTelemetry defines for an exception; the status stays."""
        recording.record_exception(self, exception)

    @property
    def name(self) -> str:
        """What kind of work this is."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        if not self.ended:
            self._set_name(name)

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
    def links(self) -> list[Link]:
        """The links as (context, attributes)."""
        return list(self._links or ())

    def __repr__(self) -> str:
        return f"<Span {self._name!r} trace_id={self.trace_id} span_id={self.span_id}>"


current_span: ContextVar[Span | None] = ContextVar("axonize_current_span", default=None)


def _previous_span(token: Token[Span | None]) -> Span | None:
    return None if token.old_value is Token.MISSING else token.old_value


def _bypass(left: Span, token: Token[Span | None], current: Span | None) -> bool:
    """Make the span that would return to the one that is left return to what was before it.

    There is such a span when spans are not left in the order they were entered in, for example
    by a generator that is closed late.
    """
    inner = current
    while isinstance(inner, Span) and inner._token is not None:
        previous = _previous_span(inner._token)
        if previous is left:
            inner._token = token
            return True
        inner = previous
    return False


@guarded
def _checked_time(time_ns: int | None) -> int | None:
    """Return a time that was given, None without one; refuses what is no Unix nanoseconds."""
    if time_ns is not None and not 0 <= time_ns < 2**63:
        raise ValueError("a time is nanoseconds since the Unix epoch")
    return time_ns
