"""Records the steps of one manager, in the thread that runs its model."""

from __future__ import annotations

import time
import uuid
from typing import Any, NamedTuple

import transformers

from axonize import recording, semconv
from axonize.context import KEPT
from axonize.engine import names
from axonize.engine.books import Books
from axonize.engine.identity import Engine
from axonize.engine.ride import Ride, Run, Step, Stretch, record, tell
from axonize.integrations.transformers.continuous.requests import Requests
from axonize.integrations.transformers.model import gpu_labels, model_name
from axonize.recording import claim_gpus, meter_gpus, release_gpus
from axonize.speed import Span


class _Scheduled(NamedTuple):
    """A step that the model works on."""

    number: int
    start_ns: int
    began: int  # the same moment on the monotonic clock
    batch: list[Any]  # of FutureRequestState
    tokens: dict[str, int]
    prefill: dict[str, int]  # those of the tokens that are prompt
    attributes: dict[str, Any]


class _Crew(NamedTuple):
    """The requests of one step, and of those after it as long as they are the same."""

    tokens: dict[str, int]
    prefill: dict[str, int]
    run: Run
    columns: dict[str, list[Any]]


class _Leaving(NamedTuple):
    """A request that is done, of which a step may still be under way."""

    ride: Ride
    state: Any
    error: Exception | None


class Recorder:
    """The steps of one manager and the requests in them; used by the manager's thread alone."""

    def __init__(self, manager: Any) -> None:
        self.requests = Requests(manager)
        self._engine = _describe(manager)
        gpus = self._engine.gpus
        # Else other processes have its other GPUs.
        alone = len(gpus) == self._engine.gpu_count
        self._meter = meter_gpus(gpus) if gpus and alone else None
        self._books = Books(self._engine.gpu_count, self._meter, time.monotonic_ns())
        self.begin()
        self._rides: dict[str, Ride] = {}
        self._read: set[str] = set()  # requests whose prompt is scheduled to its end
        self._preempted: list[str] = []
        self._leaving: list[_Leaving] = []
        self._open: dict[int, _Scheduled] = {}
        self._crew = _Crew({}, {"": 0}, Run(), {})
        self._number = 0  # of the step scheduled last
        self._done = 0  # of the step that ended last

    def begin(self) -> None:
        """Claim the GPUs, until the manager's thread ends."""
        claim_gpus(self, self._engine.gpus)

    def arrived(self, state: Any) -> None:
        """Take a request that waits to be scheduled: a new one, or one that was preempted."""
        request_id, ride = state.request_id, self._rides.get(state.request_id)
        if ride is None:
            self._ride(request_id)
            return
        ride.pauses.append(time.time_ns())
        self._preempted.append(request_id)
        if not state.is_cpu_offloaded:  # then its prompt is read again
            self._read.discard(request_id)

    def scheduled(self, processor: Any, start_ns: int, began: int) -> None:
        """Take a batch that is about to go to the model; `began` is its start, monotonic."""
        schedule_ms = (time.monotonic_ns() - began) / 1e6
        self._number += 1
        batch = batch_of(processor)
        tokens = {each.state.request_id: each.query_length for each in batch}
        scheduler = processor.scheduler
        attributes = {
            names.STEP_NUMBER: self._number,
            names.STEP_RUNNING: len(scheduler.active_requests),
            names.STEP_WAITING: len(scheduler.waiting_requests),
            names.STEP_KV_CACHE_USAGE: 1 - processor.cache.compute_free_capacity(),
            names.STEP_SCHEDULE_MS: schedule_ms,
        }
        if self._preempted:
            attributes[names.STEP_PREEMPTED_IDS] = sorted(self._preempted)
            self._preempted = []
        self._open[id(batch)] = _Scheduled(
            self._number, start_ns, began, batch, tokens, self._prefill(batch), attributes
        )

    def ended(self, processor: Any, batch: list[Any]) -> None:
        """Take a batch whose tokens have come, and the requests that are done with it."""
        scheduled = self._open.pop(id(batch), None)
        if scheduled is None:
            return
        self._record(scheduled, scheduled.start_ns + time.monotonic_ns() - scheduled.began)
        self._done = scheduled.number
        for each in batch:
            state = each.state
            if state.status.name == "FINISHED" and _is_gone(processor.scheduler, state.request_id):
                self.left(state, _finish_reason(state))
        self._settle()

    def freed(self, request_id: str, blocks: int) -> None:
        """Note the blocks that a request gives back, at its end or when it is preempted."""
        ride = self._rides.get(request_id)
        if ride is not None and blocks:
            ride.blocks = blocks

    def left(self, state: Any, reason: str, error: Exception | None = None) -> None:
        """Take a request that is done, in whatever way."""
        ride = self._ride(state.request_id)
        ride.reason, ride.end_ns = reason, time.time_ns()
        ride.last_step = self._number
        self._leaving.append(_Leaving(ride, state, error))
        self._settle()

    def abandon(self, error: BaseException | None) -> None:
        """Record what is unfinished when the manager's thread ends; with an error it died of it."""
        for scheduled in self._open.values():
            attributes = {**self._engine.attributes, **scheduled.attributes}
            span = Span("engine.step", attributes, parent=KEPT, start_ns=scheduled.start_ns)
            if error is not None:
                span.record_exception(error)
                span.set_status("error", str(error))
            span.end()
        self._open.clear()
        self._done = self._number
        self._settle()
        self._rest()
        release_gpus(self)

    def _rest(self) -> None:
        """Record the time since the last step, and the requests that left with it."""
        if not self._engine.gpu_count:
            return
        end_ns, charge = time.time_ns(), self._books.rest(time.monotonic_ns())
        attributes = {
            **self._engine.attributes,
            names.STEP_NUMBER: 0,
            **self._books.attributes(charge),
        }
        span = Span("engine.idle", attributes, parent=KEPT, start_ns=end_ns - charge.idle_ns)
        span.end(end_ns)

    def _prefill(self, batch: list[Any]) -> dict[str, int]:
        """Return the prompt tokens of each request of a batch that has some."""
        found = {}
        for each in batch:
            request_id = each.state.request_id
            if request_id not in self._read:
                found[request_id] = each.query_length
                if each.has_new_token:
                    self._read.add(request_id)
        return found

    def _ride(self, request_id: str) -> Ride:
        ride = self._rides.get(request_id)
        if ride is None:
            context = self.requests.context(request_id)
            ride = self._rides[request_id] = Ride(request_id, context, time.time_ns())
        return ride

    def _record(self, scheduled: _Scheduled, end_ns: int) -> None:
        start_ns, total = scheduled.start_ns, sum(scheduled.tokens.values())
        charge = self._books.charge(scheduled.began, scheduled.began + end_ns - start_ns)
        step = Step(scheduled.number, start_ns, end_ns, charge.busy_ns, total, charge.energy_uj)
        new = [each for each in map(self._ride, scheduled.tokens) if not each.stretches]
        attributes = {
            **self._engine.attributes,
            **scheduled.attributes,
            **self._carry(step, scheduled),
            names.STEP_TOTAL_TOKENS: total,
            names.STEP_BUSY_SECONDS: charge.busy_ns / 1e9,
            **self._books.attributes(charge),
        }
        span = Span("engine.step", attributes, parent=KEPT, start_ns=start_ns)
        for ride in new:
            if ride.context is not None:
                span.add_link(ride.context)
        span.end(end_ns)

    def _carry(self, step: Step, scheduled: _Scheduled) -> dict[str, list[Any]]:
        """Note the step for each of its requests, and return who they are."""
        crew, tokens, prefill = self._crew, scheduled.tokens, scheduled.prefill
        if prefill or crew.prefill or crew.tokens != tokens:
            crew = self._crew = self._board(tokens, prefill)
        crew.run.add(step)
        return crew.columns

    def _board(self, tokens: dict[str, int], prefill: dict[str, int]) -> _Crew:
        rides, run = [self._rides[each] for each in tokens], Run()
        for ride, count in zip(rides, tokens.values(), strict=True):
            ride.stretches.append(Stretch(run, count, prefill.get(ride.request_id, 0)))
        columns: dict[str, list[Any]] = {
            names.STEP_REQUEST_IDS: list(tokens),
            names.STEP_TRACE_IDS: [ride.trace_id for ride in rides],
            names.STEP_SPAN_IDS: [ride.span_id for ride in rides],
            names.STEP_SCHEDULED_TOKENS: list(tokens.values()),
            names.STEP_PREFILL_TOKENS: [prefill.get(each, 0) for each in tokens],
        }
        return _Crew(tokens, prefill, run, columns)

    def _settle(self) -> None:
        """Record the requests that no unfinished step has in its batch any more."""
        settled = [each for each in self._leaving if each.ride.last_step <= self._done]
        self._leaving = [each for each in self._leaving if each.ride.last_step > self._done]
        self._books.left += len(settled)
        for ride, state, error in settled:
            self._rides.pop(ride.request_id, None)
            self._read.discard(ride.request_id)
            told = tell(ride, self._engine)
            record(ride, self._engine, told, self._meter)
            self.requests.end(ride, told, state, error)


def batch_of(processor: Any) -> list[Any]:
    """Return the batch that a processor has in hand, of its two when they overlap."""
    batches = processor.inputs_and_outputs
    pairs = getattr(batches, "io_pairs", None)
    if pairs is not None:
        batches = pairs[batches.current_pair].host_io
    found: list[Any] = batches.requests_in_batch
    return found


def _describe(manager: Any) -> Engine:
    model = model_name(manager.model)
    engine_id = uuid.uuid4().hex[:8]
    attributes = {
        names.ENGINE_NAME: "transformers",
        names.ENGINE_VERSION: transformers.__version__,
        names.ENGINE_ID: engine_id,
        semconv.GEN_AI_REQUEST_MODEL: model,
    }
    gpus = recording.engine_gpus or tuple(gpu_labels(manager.model))
    count = len(gpus) * (1 if recording.engine_gpus else manager.distributed_helper.tp_size)
    return Engine(attributes, model, engine_id, count, gpus)


def _is_gone(scheduler: Any, request_id: str) -> bool:
    """Tell a request that is done from one that was preempted, whose old state says the same."""
    return (
        request_id not in scheduler.active_requests and request_id not in scheduler.waiting_requests
    )


def _finish_reason(state: Any) -> str:
    made = state.generated_tokens
    return "stop" if made and made[-1] in state._eos_token_ids else "length"
