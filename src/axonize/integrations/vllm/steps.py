"""Records the steps of one engine, in the process of its scheduler."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from axonize.context import KEPT, SpanContext
from axonize.deferred import do_all, do_later
from axonize.engine import names
from axonize.engine.books import Books
from axonize.engine.ride import Ride, Run, Step, Stretch, record, tell
from axonize.integrations.vllm import idle
from axonize.integrations.vllm.batch import is_plain, prefill_tokens, speculated_tokens
from axonize.integrations.vllm.context import receive_span, send_ride
from axonize.integrations.vllm.gauges import PROPERTY, count_blocks, find_gauge
from axonize.integrations.vllm.identity import describe
from axonize.integrations.vllm.missing import warn_of_missing
from axonize.pipeline import send_within
from axonize.recording import claim_gpus, meter_gpus, release_gpus
from axonize.speed import Span, StepLog
from axonize.step_log import KEY, Ended, Scheduled

AT_ONCE = 32  # steps; fewer when a request ends, so that nothing waits in an idle engine
# vLLM kills its engine a few milliseconds after it tells it to stop, which is too late to send.
SENT_WHEN_IDLE_S = 0.1
new_tuple = tuple.__new__  # what a NamedTuple calls, without a function in Python around it


class _Crew(NamedTuple):
    """The requests of one step, and of those after it as long as they are the same."""

    lasts: bool  # one token each, no prompt; else the crew of one step alone
    request_ids: list[str]
    total: int  # tokens
    run: Run
    attributes: dict[str, Any]  # what is the same for all these steps
    links: list[SpanContext]  # those of the requests that are new


class Recorder(StepLog):
    """The steps of one scheduler and the requests in it; used by the scheduler's thread alone.

    But for rest(), which another thread calls, and for what is made later. It is made when the
    engine begins.
    """

    def __init__(self, config: Any) -> None:
        super().__init__()
        self._at_once = AT_ONCE
        self._engine = engine = describe(config)
        self._gpu_count = engine.gpu_count
        self._meter = meter_gpus(engine.gpus) if engine.gpus else None
        claim_gpus(self, engine.gpus)
        self._books = Books(engine.gpu_count, self._meter, time.monotonic_ns())
        self._charging = threading.Lock()
        self._attributes = engine.attributes
        self._attributes[names.ENGINE_ID] = engine.id
        self._rides: dict[str, Ride] = {}
        self._leaving: list[Ride] = []
        self._usage = PROPERTY.usage  # of what the gauge reads
        # Steps, and the requests that left with them, as long as they have no spans.
        self._unwritten: deque[tuple[list[Ended], list[tuple[Ride, dict[str, Any]]]]] = deque()
        # Last, for it looks at all of these.
        self._over = idle.watch(self) if engine.gpus else threading.Event()

    def arrived(self, request: Any) -> None:
        """Take a request that the engine has just looked at."""
        context = receive_span(request)
        if request.request_id not in self._rides:  # else more input for a request known already
            self._rides[request.request_id] = Ride(request.request_id, context, time.time_ns())

    def left(self, scheduler: Any, request: Any) -> None:
        """Take a request that is done, before its memory is freed."""
        ride = self._rides.get(request.request_id)
        if ride is None:
            return
        ride.reason = str(request.get_finished_reason())
        ride.end_ns = time.time_ns()
        ride.last_step = self._number
        self._leaving.append(ride)
        ride.blocks = count_blocks(scheduler.kv_cache_manager, ride.request_id)
        if self._done == self._number:
            self._settle({})

    def abandon(self, error: BaseException | None) -> None:
        """Record what is unfinished when the engine stops; with an error it died of it."""
        for ride in self._rides.values():
            ride.reason = ride.reason or ("abort" if error is None else "error")
            ride.end_ns = ride.end_ns or time.time_ns()
        self._record(list(self._rides.values()))
        self._rides.clear()
        for scheduled in self._open.values():
            _, start_ns, *_ = scheduled
            attributes = {**self._attributes, **self._describe(scheduled)}
            span = Span("engine.step", attributes, parent=KEPT, start_ns=start_ns)
            if error is not None:
                span.record_exception(error)
                span.set_status("error", str(error))
            span.end()
        self._open.clear()
        do_all()
        self._over.set()
        self.rest(time.monotonic_ns())
        release_gpus(self)

    def rest(self, until: int) -> None:
        """Record that no step ran from the last record up to a moment, monotonic, if that is so."""
        with self._charging:
            if not self._gpu_count or self._open or self._ended or self._unwritten:
                return
            charge = self._books.rest(until)
            if not charge.idle_ns and not self._books.left:
                return
            attributes = {
                **self._attributes,
                names.STEP_NUMBER: 0,
                **self._books.attributes(charge),
            }
        end_ns = time.time_ns() - (time.monotonic_ns() - until)
        span = Span("engine.idle", attributes, parent=KEPT, start_ns=end_ns - charge.idle_ns)
        span.end(end_ns)

    def _find_gauge(self, manager: Any) -> Callable[[Any], Any]:
        self._gauge, self._usage = find_gauge(manager)
        return self._gauge

    def _pause(self, request_ids: Collection[str], start_ns: int) -> None:
        for request_id in request_ids:
            self._ride(request_id).pauses.append(start_ns)

    def _record_ended(self) -> None:
        self._record([])

    def _record(self, left: list[Ride]) -> list[dict[str, Any]]:
        """Have the steps recorded that have ended, and the requests that leave with them.

        Returns what the front end is told of these.
        """
        for scheduled, ended, crew, _ in self._ended:
            number, start_ns, began, *_ = scheduled
            step = (number, start_ns, start_ns + ended - began, 0, crew.total, 0)
            crew.run.steps.append(new_tuple(Step, step))
        told = [tell(ride, self._engine) for ride in left]
        self._unwritten.append((self._ended, list(zip(left, told, strict=True))))
        self._ended = []  # not before: rest() must see them in one of the two
        do_later(self._write)
        return told

    def _write(self) -> None:
        """Write the spans of the oldest steps and requests that have none yet."""
        with self._charging:
            ended, left = self._unwritten.popleft()
            self._books.left += len(left)
            for each in ended:
                self._write_step(each)
        for ride, told in left:
            record(ride, self._engine, told, self._meter)

    def _write_step(self, ended: Ended) -> None:
        scheduled, end, crew, graph = ended
        _, start_ns, began, *_ = scheduled
        charge = self._books.charge(began, end)
        busy_ns = charge.busy_ns
        crew.run.charge(busy_ns, charge.energy_uj)
        attributes = self._describe(scheduled)
        attributes[names.STEP_BUSY_SECONDS] = busy_ns / 1e9
        attributes |= self._books.attributes(charge)
        if graph is not None:
            attributes[names.STEP_CUDA_GRAPH_MODE] = str(graph.runtime_mode)
        span = Span("engine.step", crew.attributes, parent=KEPT, start_ns=start_ns)
        span.set_attributes(attributes)
        for context in crew.links:
            span.add_link(context)
        span.end(start_ns + end - began)

    def _describe(self, scheduled: Scheduled) -> dict[str, Any]:
        """Return what is known of a step before the model has run."""
        number, _, began, went, (running, waiting), read, preempted = scheduled
        found: dict[str, Any] = {
            names.STEP_NUMBER: number,
            names.STEP_RUNNING: running,
            names.STEP_WAITING: waiting,
            names.STEP_KV_CACHE_USAGE: self._usage(read),
            names.STEP_SCHEDULE_MS: (went - began) / 1e6,
        }
        if preempted:
            found[names.STEP_PREEMPTED_IDS] = sorted(preempted)
        return found

    def _board(self, output: Any, made: Any) -> _Crew:
        """Let the requests of a step ride together from it on."""
        tokens, total = output.num_scheduled_tokens, output.total_num_scheduled_tokens
        plain = is_plain(output)
        rides = [self._rides.get(each) or self._ride(each) for each in tokens]
        prefill = {} if plain else prefill_tokens(output)
        run = Run()
        usual = Stretch(run, 1, 0)
        for ride, count in zip(rides, tokens.values(), strict=True):
            read = prefill.get(ride.request_id, 0)
            ride.stretches.append(Stretch(run, count, read) if read or count > 1 else usual)
        contexts = [self._rides[new.req_id].context for new in output.scheduled_new_reqs]
        links = [context for context in contexts if context is not None]
        # Tuples, because spans keep them as they are and share them.
        attributes = {
            **self._attributes,
            names.STEP_TOTAL_TOKENS: total,
            names.STEP_REQUEST_IDS: tuple(tokens),
            names.STEP_TRACE_IDS: tuple([ride.trace_id for ride in rides]),
            names.STEP_SPAN_IDS: tuple([ride.span_id for ride in rides]),
            names.STEP_SCHEDULED_TOKENS: tuple(tokens.values()),
            names.STEP_PREFILL_TOKENS: tuple([prefill.get(each, 0) for each in tokens]),
        }
        if output.scheduled_spec_decode_tokens:
            attributes |= self._speculated(output, made)
        return _Crew(plain, list(tokens), total, run, attributes, links)

    def _speculated(self, output: Any, made: Any) -> dict[str, Any]:
        speculated = speculated_tokens(output, made)
        for request_id, (drafted, accepted) in speculated.items():
            self._rides[request_id].drafted += drafted
            self._rides[request_id].accepted += accepted
        pairs = [speculated.get(each, (0, 0)) for each in output.num_scheduled_tokens]
        return {
            names.STEP_DRAFT_TOKENS: tuple([drafted for drafted, _ in pairs]),
            names.STEP_ACCEPTED_TOKENS: tuple([accepted for _, accepted in pairs]),
        }

    def _ride(self, request_id: str) -> Ride:
        ride = self._rides.get(request_id)
        if ride is None:  # it arrived before Axonize did
            ride = self._rides[request_id] = Ride(request_id, None, time.time_ns())
        return ride

    def _settle(self, results: Any) -> None:
        """Record the requests that no unfinished step has in its batch any more."""
        settled = [ride for ride in self._leaving if ride.last_step <= self._done]
        self._leaving = [ride for ride in self._leaving if ride.last_step > self._done]
        for ride in settled:
            del self._rides[ride.request_id]
        ids = [ride.request_id for ride in settled]
        told = dict(zip(ids, self._record(settled), strict=True))
        for result in results.values():
            for output in result.outputs:
                if output.request_id in told:
                    send_ride(output, told[output.request_id])
        if not self._rides:
            send_within(SENT_WHEN_IDLE_S)


_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


def begin(config: Any) -> Recorder:
    """Make the recorder of an engine that begins now, from its VllmConfig."""
    warn_of_missing()
    found = Recorder(config)
    _recorders.add(found)
    return found


def recorder(scheduler: Any) -> Recorder:
    """Return the recorder of this scheduler, which is kept on it."""
    found: Recorder | None = getattr(scheduler, KEY, None)
    if found is None:
        found = begin(scheduler.vllm_config)
        setattr(scheduler, KEY, found)
    return found


def abandon_all(error: BaseException | None) -> None:
    """Record what is unfinished in every engine of this process."""
    for each in list(_recorders):
        each.abandon(error)
