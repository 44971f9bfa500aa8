"""The spans of the requests in one front end, from their start to their end."""

from __future__ import annotations

import time
from contextvars import ContextVar
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from axonize import semconv
from axonize.context import SpanContext
from axonize.deferred import do_later
from axonize.engine import names
from axonize.engine.identity import Engine
from axonize.engine.ride import add_pauses
from axonize.integrations.vllm import asked, phases
from axonize.integrations.vllm.context import read_ride
from axonize.integrations.vllm.identity import describe
from axonize.integrations.vllm.missing import warn_of_missing
from axonize.speed import Span, current_span

# What the caller of AsyncLLM sent as trace headers, while the request is added.
incoming: ContextVar[SpanContext | None] = ContextVar("axonize_vllm_incoming", default=None)
Told: TypeAlias = "dict[str, Any] | None"  # by the engine, of a ride
# How vLLM's HTTP server begins the ids of its requests.
SERVED = ("cmpl-", "chatcmpl-", "embd-", "pool-", "classify-", "score-", "rerank-", "resp_")


class Usage(NamedTuple):
    """What is wanted of vLLM's RequestState, which holds prompt, output and log probabilities."""

    input_tokens: int
    cached_tokens: int | None
    output_tokens: int
    stats: Any  # vLLM's RequestStateStats or None


class Live:
    """A request that has begun and not ended."""

    __slots__ = ("family", "sampling", "span", "state", "submitted_ns", "told", "usage")

    def __init__(self, span: Span, family: Family | None, sampling: Any) -> None:
        self.span = span
        self.family = family
        self.sampling = sampling  # vLLM's SamplingParams or None
        self.submitted_ns = time.time_ns()
        self.state: Any = None  # vLLM's RequestState, until the end
        self.usage: Usage | None = None  # from the end on
        self.told: str | None = None  # by the engine


class Family:
    """The request that asked for several answers, over the choices that are its children."""

    def __init__(self, key: str, span: Span, size: int) -> None:
        self.key = key
        self.span = span
        self.left = size
        self.output_tokens = 0
        self.reasons: list[str] = []
        self.first_ms: float | None = None


class Requests:
    """The requests in one OutputProcessor."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.live: dict[str, Live] = {}
        self.families: dict[str, Family] = {}
        self.processing = False
        self.ending: list[str] = []  # let go by vLLM, which has not said how they ended, yet

    def begin(self, request: Any, parent: Any, index: int) -> Live:
        """Start the span of a request that is about to be sent to the engine."""
        request_id = request.request_id
        if parent is None:
            span = self._span(request, {names.REQUEST_ID: request_id})
            live = Live(span, None, request.sampling_params)
        else:
            family = self.families.get(parent.request_id) or self._family(request, parent)
            choice = {names.CHOICE_INDEX: index, names.REQUEST_ID: request_id}
            start_ns = family.span.start_ns
            live = Live(Span("choice", choice, parent=family.span, start_ns=start_ns), family, None)
        self.live[request_id] = live
        return live

    def end(self, request_id: str, reason: object, error: str | None = None) -> None:
        """End the span of a request; str(reason) says why, `error` is the type of what broke it."""
        live = self.live.pop(request_id, None)
        if live is None:
            return
        if live.state is not None:
            live.usage = _usage(live.state)
            live.state = None  # it is large, and what follows may be put off for long
        describe = partial(self._end, live, reason, error, time.time_ns())
        if live.span.trace_flags:
            do_later(describe)
        else:  # its trace is decided when its first span ends, which may be soon
            describe()

    def _end(self, live: Live, reason: object, error: str | None, end_ns: int) -> None:
        span = live.span
        reason = str(reason)
        ride = read_ride(live.told) if live.told else None
        attributes = asked.sampling(live.sampling)
        attributes[semconv.GEN_AI_RESPONSE_FINISH_REASONS] = [reason]
        if live.usage is not None:
            times = self._times(live, live.usage.stats, ride, end_ns)
            attributes |= self._describe(live, live.usage, ride, times)
            complete = reason not in ("abort", "error")
            found = phases.phases(
                span.start_ns, live.submitted_ns, times, end_ns, complete=complete
            )
            phases.write(span, found)
        span.set_attributes(attributes)
        _conclude(span, reason, error, end_ns)
        if live.family is not None:
            self._ended_one(live.family, live, ride, reason, error, end_ns)

    def end_all(self, error: BaseException) -> None:
        """End every request: the engine is dead."""
        for request_id in list(self.live):
            self.end(request_id, "error", type(error).__name__)

    def processed(self) -> None:
        """End the requests of which vLLM has not said how they ended: it has refused them."""
        for request_id in self.ending:
            self.end(request_id, "error", "rejected")
        self.ending.clear()

    def _family(self, request: Any, parent: Any) -> Family:
        size = getattr(parent, "n", None) or parent.sampling_params.n
        span = self._span(request, {})
        span.set_attributes(asked.sampling(request.sampling_params))
        span.set_attribute(semconv.GEN_AI_REQUEST_CHOICE_COUNT, size)
        family = self.families[parent.request_id] = Family(parent.request_id, span, size)
        return family

    def _span(self, request: Any, attributes: dict[str, Any]) -> Span:
        around = current_span.get()
        remote = None if around else incoming.get()
        start_ns = int(request.arrival_time * 1e9)
        if around and around.kind == "server" and asked.external_id(request).startswith(SERVED):
            start_ns = around.start_ns  # reading the request and its prompt is a part of it
        attributes |= asked.identity(request)
        if self.engine is not None:
            attributes |= self.engine.attributes
        name = attributes[semconv.GEN_AI_OPERATION_NAME]
        return Span(
            f"{name} {self.engine.model}" if self.engine else name,
            attributes,
            kind="server" if remote else "internal",
            parent=remote,
            start_ns=start_ns,
        )

    def _times(self, live: Live, stats: Any, ride: Told, end_ns: int) -> phases.Times:
        if ride is not None:
            return phases.told_times(ride, live.submitted_ns, end_ns)
        if stats is not None:
            return phases.stats_times(stats, live.submitted_ns, end_ns)
        return phases.Times("unknown")

    def _describe(
        self, live: Live, usage: Usage, ride: Told, times: phases.Times
    ) -> dict[str, Any]:
        found: dict[str, Any] = {names.ENGINE_CLOCK: times.clock}
        if live.family is None:
            found |= _describe_usage(usage, usage.output_tokens)
        else:
            found[names.CHOICE_OUTPUT_TOKENS] = usage.output_tokens
        if times.first is not None and usage.output_tokens:
            found |= self._describe_speed(live, times, usage)
        if ride is not None:
            found |= ride["attributes"]
            add_pauses(live.span, ride["pauses"])
        else:  # None is no attribute
            found[names.PREEMPTION_COUNT] = getattr(usage.stats, "num_preemptions", None)
        return found

    def _describe_speed(self, live: Live, times: phases.Times, usage: Usage) -> dict[str, float]:
        assert times.first is not None
        span, stats, tokens = live.span, usage.stats, usage.output_tokens
        latency = getattr(stats, "first_token_latency", 0.0)  # s, from arrival to the front end
        first_ns = int((stats.arrival_time + latency) * 1e9) if latency else times.first
        first_ms = (first_ns - span.start_ns) / 1e6
        found = {
            semconv.TTFT_MS: first_ms,
            semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: first_ms / 1e3,
        }
        if tokens > 1 and times.last is not None:
            found[semconv.TPOT_MS] = (times.last - times.first) / 1e6 / (tokens - 1)
        if live.family is not None:
            earlier = live.family.first_ms
            live.family.first_ms = first_ms if earlier is None else min(first_ms, earlier)
        return found

    def _ended_one(
        self, family: Family, live: Live, ride: Told, reason: str, error: str | None, end_ns: int
    ) -> None:
        family.left -= 1
        family.reasons.append(reason)
        family.output_tokens += live.usage.output_tokens if live.usage is not None else 0
        if family.left:
            return
        self.families.pop(family.key, None)
        span = family.span
        span.set_attribute(semconv.GEN_AI_RESPONSE_FINISH_REASONS, family.reasons)
        span.set_attribute(semconv.TTFT_MS, family.first_ms)
        if ride is not None:
            span.set_attribute(names.ENGINE_ID, ride["attributes"][names.ENGINE_ID])
        if live.usage is not None:
            span.set_attributes(_describe_usage(live.usage, family.output_tokens))
        worst = "error" if "error" in family.reasons else reason
        _conclude(span, worst, error, end_ns)


def _usage(state: Any) -> Usage:
    cached = getattr(state, "num_cached_tokens", None)
    return Usage(state.prompt_len, cached, _output_tokens(state), state.stats)


def _output_tokens(state: Any) -> int:
    """Return how many tokens a RequestState has got; an embedding has none."""
    detokenizer = state.detokenizer
    if detokenizer is None:
        return 0
    count = getattr(detokenizer, "num_output_tokens", None)
    return int(count()) if count else len(detokenizer.output_token_ids)


def _describe_usage(usage: Usage, made: int) -> dict[str, int | None]:
    """Count tokens for one span of a request alone, so that sums over a trace are right."""
    return {
        semconv.GEN_AI_USAGE_INPUT_TOKENS: usage.input_tokens,
        semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: usage.cached_tokens,
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS: made,
    }


def _conclude(span: Span, reason: str, error: str | None, end_ns: int) -> None:
    if reason == "error":
        span.set_attribute(semconv.ERROR_TYPE, error or "error")
        span.set_status("error", error or "")
    span.end(end_ns)


def requests_of(output_processor: Any) -> Requests:
    """Return the requests in this OutputProcessor, which are kept on it."""
    try:
        found: Requests = output_processor._axonize_requests
    except AttributeError:
        found = output_processor._axonize_requests = Requests()
    return found


def introduce(engine: Any) -> None:
    """Tell the requests of an LLMEngine or AsyncLLM which engine serves them."""
    warn_of_missing()
    requests_of(engine.output_processor).engine = describe(engine.vllm_config)
