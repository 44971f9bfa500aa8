"""The spans of the requests of one manager, each over the sequences that it asked for."""

from __future__ import annotations

from typing import Any

from axonize import semconv
from axonize.context import SpanContext, checked_context
from axonize.engine import names
from axonize.engine.ride import add_pauses
from axonize.integrations.transformers.generation import parameters
from axonize.integrations.transformers.model import describe, gpu_labels, model_name, operation
from axonize.recording import name_gpus, type_name
from axonize.speed import Span

# Between a request's id and the number of a further sequence for the same prompt.
CHILD = "__child#"


class Request:
    """A request that has begun."""

    __slots__ = ("first_ms", "left", "output_tokens", "prompt_tokens", "reasons", "span")

    def __init__(self, span: Span, sequences: int) -> None:
        self.span = span
        self.left = sequences  # that have not ended
        self.prompt_tokens = self.output_tokens = 0
        self.reasons: list[str] = []
        self.first_ms: float | None = None


class Sequence:
    """One sequence of tokens: the request itself, or one of several choices."""

    __slots__ = ("context", "request", "span")

    def __init__(self, request: Request, span: Span) -> None:
        self.request = request
        self.span = span
        self.context = checked_context(span)


class Requests:
    """The requests in one manager: begun by those who ask, ended by its thread."""

    def __init__(self, manager: Any) -> None:
        model = manager.model
        self._name = f"{operation(model)} {model_name(model)}"
        self._size = manager.num_return_sequences
        self._labels = gpu_labels(model)
        asked = parameters(manager.generation_config, frozenset())
        self._attributes = {**describe(model), **asked}
        self._sequences: dict[str, Sequence] = {}

    def begin(self) -> Request:
        """Start the span of a request that is being added."""
        span = Span(self._name, self._attributes)
        name_gpus(span, self._labels)
        return Request(span, self._size)

    def named(self, request: Request, state: Any) -> None:
        """Note what was asked for, before the manager's thread can see it."""
        request.prompt_tokens = len(state.initial_tokens)
        request.span.set_attributes(
            {
                semconv.GEN_AI_REQUEST_MAX_TOKENS: state.max_new_tokens,
                semconv.GEN_AI_REQUEST_STREAM: state.streaming,
            }
        )
        self._begin_sequence(request, state.request_id, 0)

    def refused(self, request: Request, error: BaseException | None) -> None:
        """End a request that the manager did not take."""
        for name, each in list(self._sequences.items()):  # the manager's thread changes it, too
            if each.request is request:
                self._sequences.pop(name, None)
        if error is not None:
            request.span.record_exception(error)
        kind = type_name(error) if error is not None else "rejected"
        _conclude(request.span, "error", kind, str(error or ""))

    def context(self, request_id: str) -> SpanContext | None:
        """Return the span of a sequence; that of a further choice begins when it is first seen."""
        found = self._sequences.get(request_id) or self._further(request_id)
        return found.context if found else None

    def end(self, ride: Any, told: dict[str, Any], state: Any, error: Exception | None) -> None:
        """End a sequence, and its request if it was the last one."""
        sequence = self._sequences.pop(ride.request_id, None)
        if sequence is None:
            return
        request, span = sequence.request, sequence.span
        made = output_tokens(state)
        span.set_attributes(told["attributes"])
        add_pauses(span, told["pauses"])
        _write_phases(span, told, ride.end_ns)
        self._describe_speed(sequence, told, made)
        request.left -= 1
        request.output_tokens += made
        request.reasons.append(ride.reason)
        kind = type_name(error) if error else "error"
        if span is not request.span:
            span.set_attribute(names.CHOICE_OUTPUT_TOKENS, made)
            span.set_attribute(semconv.GEN_AI_RESPONSE_FINISH_REASONS, [ride.reason])
            _conclude(span, ride.reason, kind, str(error or ""), ride.end_ns)
        if not request.left:
            self._end_request(request, told, kind, str(error or ""), ride.end_ns)

    def _further(self, request_id: str) -> Sequence | None:
        first, mark, number = request_id.rpartition(CHILD)
        found = self._sequences.get(first) if mark else None
        return self._begin_sequence(found.request, request_id, int(number) + 1) if found else None

    def _begin_sequence(self, request: Request, request_id: str, index: int) -> Sequence:
        span = request.span
        if self._size > 1:
            choice = {names.CHOICE_INDEX: index}
            span = Span("choice", choice, parent=request.span, start_ns=request.span.start_ns)
        span.set_attribute(names.REQUEST_ID, request_id)
        found = self._sequences[request_id] = Sequence(request, span)
        return found

    def _describe_speed(self, sequence: Sequence, told: dict[str, Any], made: int) -> None:
        if told["first"] is None or not made:
            return
        span, request = sequence.span, sequence.request
        first_ms = (told["first"] - span.start_ns) / 1e6
        _set_first(span, first_ms)
        if made > 1:
            decoding_ms = (told["last"] - told["first"]) / 1e6
            span.set_attribute(semconv.TPOT_MS, decoding_ms / (made - 1))
        request.first_ms = min(first_ms, request.first_ms or first_ms)

    def _end_request(
        self, request: Request, told: dict[str, Any], kind: str, message: str, end_ns: int
    ) -> None:
        span = request.span
        span.set_attributes(
            {
                semconv.GEN_AI_USAGE_INPUT_TOKENS: request.prompt_tokens,
                semconv.GEN_AI_USAGE_OUTPUT_TOKENS: request.output_tokens,
                semconv.GEN_AI_RESPONSE_FINISH_REASONS: request.reasons,
                names.ENGINE_ID: told["attributes"][names.ENGINE_ID],
            }
        )
        if request.first_ms is not None:
            _set_first(span, request.first_ms)
        worst = "error" if "error" in request.reasons else request.reasons[-1]
        _conclude(span, worst, kind, message, end_ns)


def output_tokens(state: Any) -> int:
    """Return how many tokens a RequestState has made, those before it was begun anew too."""
    again = state._true_initial_tokens
    before = len(state.initial_tokens) - again if again else 0
    return before + len(state.generated_tokens)


def _set_first(span: Span, first_ms: float) -> None:
    span.set_attribute(semconv.TTFT_MS, first_ms)
    span.set_attribute(semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, first_ms / 1e3)


def _write_phases(span: Span, told: dict[str, Any], end_ns: int) -> None:
    """Write the phases, one after the other; the request ends in the last that it reached."""
    begins = [span.start_ns, told["scheduled"], told["first"]]
    reached = [begin for begin in begins if begin is not None]
    ends = [*reached[1:], end_ns]
    for name, begin, end in zip(("queue", "prefill", "decode"), reached, ends, strict=False):
        if name != "decode" or told["last"] > begin:  # one token needs no decoding
            Span(name, parent=span, start_ns=begin).end(end)


def _conclude(span: Span, reason: str, kind: str, message: str, end_ns: int | None = None) -> None:
    if reason == "error":
        span.set_attribute(semconv.ERROR_TYPE, kind)
        span.set_status("error", message)
    span.end(end_ns)
