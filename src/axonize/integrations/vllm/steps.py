"""Records the steps of one engine, in the process of its scheduler."""

from __future__ import annotations

import time
import weakref
from typing import Any, NamedTuple

from axonize.context import ROOT
from axonize.integrations.vllm import names
from axonize.integrations.vllm.batch import is_plain, prefill_tokens, speculated_tokens
from axonize.integrations.vllm.context import receive_span, send_ride
from axonize.integrations.vllm.identity import describe
from axonize.integrations.vllm.missing import warn_of_missing
from axonize.integrations.vllm.ride import Ride, Step, Stretch, record
from axonize.speed import Span


class _Scheduled(NamedTuple):
    """A step that the model works on."""

    number: int
    start_ns: int
    began: int  # the same moment on the monotonic clock
    attributes: dict[str, Any]


class _Crew(NamedTuple):
    """The requests of one step, and of those after it as long as they are the same."""

    plain: bool  # one token each, no prompt
    tokens: dict[str, int]
    steps: list[Step]
    columns: dict[str, list[Any]]


class Recorder:
    """The steps of one scheduler and the requests in it; used by the scheduler's thread alone."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._engine = engine = describe(scheduler.vllm_config)
        self._engine.attributes[names.ENGINE_ID] = engine.id
        self._rides: dict[str, Ride] = {}
        self._leaving: list[Ride] = []
        self._open: dict[int, _Scheduled] = {}
        self._crew = _Crew(False, {}, [], {})
        self._number = 0  # of the step scheduled last
        self._done = 0  # of the step that ended last
        self._done_ns = 0

    def arrived(self, request: Any) -> None:
        """Take a request that the engine has just looked at."""
        context = receive_span(request)
        if request.request_id not in self._rides:  # else more input for a request known already
            self._rides[request.request_id] = Ride(request.request_id, context, time.time_ns())

    def scheduled(self, output: Any, start_ns: int, began: int) -> None:
        """Take a batch that has just been scheduled; `began` is its start, monotonic."""
        self._number += 1
        running, waiting = self._scheduler.get_request_counts()
        attributes = {
            **self._engine.attributes,
            names.STEP_NUMBER: self._number,
            names.STEP_TOTAL_TOKENS: output.total_num_scheduled_tokens,
            names.STEP_RUNNING: running,
            names.STEP_WAITING: waiting,
            names.STEP_KV_CACHE_USAGE: self._scheduler.kv_cache_manager.usage,
            names.STEP_SCHEDULE_MS: (time.monotonic_ns() - began) / 1e6,
            names.GPU_COUNT: self._engine.gpu_count,
        }
        preempted = getattr(output, "preempted_req_ids", None)
        if preempted:
            attributes[names.STEP_PREEMPTED_IDS] = sorted(preempted)
            for request_id in preempted:
                self._ride(request_id).pauses.append(start_ns)
        self._open[id(output)] = _Scheduled(self._number, start_ns, began, attributes)

    def ended(self, output: Any, made: Any, results: Any) -> None:
        """Record the step of a batch whose results are in, and the requests that left with it."""
        scheduled = self._open.pop(id(output), None)
        if scheduled is None:
            return
        number, start_ns, began, attributes = scheduled
        end_ns = start_ns + time.monotonic_ns() - began
        busy_ns = max(0, end_ns - max(start_ns, self._done_ns))
        self._done, self._done_ns = number, end_ns
        attributes[names.STEP_BUSY_SECONDS] = busy_ns / 1e9
        attributes[names.GPU_SECONDS] = busy_ns * self._engine.gpu_count / 1e9
        step = Step(number, start_ns, end_ns, busy_ns, output.total_num_scheduled_tokens)
        self._carry(step, output, made, attributes)
        span = Span("engine.step", attributes, parent=ROOT, start_ns=start_ns)
        for new in output.scheduled_new_reqs:
            context = self._rides[new.req_id].context
            if context is not None:
                span.add_link(context)
        span.end(end_ns)
        if self._leaving:
            self._settle(results)

    def left(self, request: Any) -> None:
        """Take a request that is done, before its memory is freed."""
        ride = self._rides.get(request.request_id)
        if ride is None:
            return
        ride.reason = str(request.get_finished_reason())
        ride.end_ns = time.time_ns()
        ride.last_step = self._number
        self._leaving.append(ride)
        blocks = self._scheduler.kv_cache_manager.get_block_ids(ride.request_id)
        ride.blocks = sum(map(len, blocks))
        if self._done == self._number:
            self._settle({})

    def abandon(self, error: BaseException | None) -> None:
        """Record what is unfinished when the engine stops; with an error it died of it."""
        for _, start_ns, _, attributes in self._open.values():
            span = Span("engine.step", attributes, parent=ROOT, start_ns=start_ns)
            if error is not None:
                span.record_exception(error)
                span.set_status("error", str(error))
            span.end()
        self._open.clear()
        for ride in self._rides.values():
            ride.reason = ride.reason or ("abort" if error is None else "error")
            ride.end_ns = ride.end_ns or time.time_ns()
            record(ride, self._engine)
        self._rides.clear()

    def _carry(self, step: Step, output: Any, made: Any, attributes: dict[str, Any]) -> None:
        """Note the step for each of its requests, and its requests for the step, in columns.

        While a batch stays as it was, which is what most steps do, there is nothing to be done
        for each request.
        """
        crew = self._crew
        plain = is_plain(output)
        if not (plain and crew.plain and crew.tokens == output.num_scheduled_tokens):
            crew = self._crew = self._board(output, plain=plain)
        crew.steps.append(step)
        attributes.update(crew.columns)
        if output.scheduled_spec_decode_tokens:
            self._speculated(output, made, attributes)
        graph = getattr(made, "cudagraph_stats", None)
        if graph is not None:
            attributes[names.STEP_CUDA_GRAPH_MODE] = str(graph.runtime_mode)

    def _board(self, output: Any, *, plain: bool) -> _Crew:
        tokens = output.num_scheduled_tokens
        rides = [self._rides.get(each) or self._ride(each) for each in tokens]
        prefill = {} if plain else prefill_tokens(output)
        steps: list[Step] = []
        usual = Stretch(steps, 1, 0)
        for ride, count in zip(rides, tokens.values(), strict=True):
            read = prefill.get(ride.request_id, 0)
            ride.stretches.append(Stretch(steps, count, read) if read or count > 1 else usual)
        columns = {
            names.STEP_REQUEST_IDS: list(tokens),
            names.STEP_TRACE_IDS: [ride.trace_id for ride in rides],
            names.STEP_SPAN_IDS: [ride.span_id for ride in rides],
            names.STEP_SCHEDULED_TOKENS: list(tokens.values()),
            names.STEP_PREFILL_TOKENS: [prefill.get(each, 0) for each in tokens],
        }
        return _Crew(plain, tokens, steps, columns)

    def _speculated(self, output: Any, made: Any, attributes: dict[str, Any]) -> None:
        speculated = speculated_tokens(output, made)
        tokens = output.num_scheduled_tokens
        pairs = [speculated.get(each, (0, 0)) for each in tokens]
        attributes[names.STEP_DRAFT_TOKENS] = [drafted for drafted, _ in pairs]
        attributes[names.STEP_ACCEPTED_TOKENS] = [accepted for _, accepted in pairs]
        for request_id, (drafted, accepted) in speculated.items():
            self._rides[request_id].drafted += drafted
            self._rides[request_id].accepted += accepted

    def _ride(self, request_id: str) -> Ride:
        ride = self._rides.get(request_id)
        if ride is None:  # it arrived before Axonize did
            ride = self._rides[request_id] = Ride(request_id, None, time.time_ns())
        return ride

    def _settle(self, results: Any) -> None:
        """Record the requests that no unfinished step has in its batch any more."""
        settled = [ride for ride in self._leaving if ride.last_step <= self._done]
        self._leaving = [ride for ride in self._leaving if ride.last_step > self._done]
        told = {}
        for ride in settled:
            del self._rides[ride.request_id]
            told[ride.request_id] = record(ride, self._engine)
        for result in results.values():
            for output in result.outputs:
                if output.request_id in told:
                    send_ride(output, told[output.request_id])


_recorders: weakref.WeakKeyDictionary[Any, Recorder] = weakref.WeakKeyDictionary()


def recorder(scheduler: Any) -> Recorder:
    """Return the recorder of this scheduler."""
    found = _recorders.get(scheduler)
    if found is None:
        warn_of_missing()
        found = _recorders[scheduler] = Recorder(weakref.proxy(scheduler))
    return found


def abandon_all(error: BaseException | None) -> None:
    """Record what is unfinished in every engine of this process."""
    for each in list(_recorders.values()):
        each.abandon(error)
