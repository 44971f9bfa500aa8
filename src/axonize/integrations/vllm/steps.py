"""Records the steps of one engine, in the process of its scheduler."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Collection
from time import monotonic_ns
from typing import Any, NamedTuple

from axonize.context import KEPT, SpanContext
from axonize.deferred import do_all, do_later
from axonize.engine import names
from axonize.engine.books import Books
from axonize.engine.ride import Ride, Run, Step, Stretch, record, tell
from axonize.integrations.vllm import idle
from axonize.integrations.vllm.batch import is_plain, prefill_tokens, speculated_tokens
from axonize.integrations.vllm.context import receive_span, send_ride
from axonize.integrations.vllm.gauges import Usage, count_blocks, find_usage
from axonize.integrations.vllm.identity import describe
from axonize.integrations.vllm.missing import warn_of_missing
from axonize.pipeline import send_within
from axonize.recording import claim_gpus, meter_gpus, release_gpus
from axonize.speed import Span

AT_ONCE = 32  # steps; fewer when a request ends, so that nothing waits in an idle engine
# vLLM kills its engine a few milliseconds after it tells it to stop, which is too late to send.
SENT_WHEN_IDLE_S = 0.1
KEY = "_axonize_recorder"  # on the scheduler
new_tuple = tuple.__new__  # what a NamedTuple calls, without a function in Python around it


class _Scheduled(NamedTuple):
    """A step that the model works on."""

    number: int
    start_ns: int
    began: int  # the same moment on the monotonic clock
    went: int  # when the batch went to the model, monotonic
    running: int
    waiting: int
    kv_cache_usage: float
    preempted: Collection[str]

    def attributes(self) -> dict[str, Any]:
        """Return what is known before the model has run."""
        found: dict[str, Any] = {
            names.STEP_NUMBER: self.number,
            names.STEP_RUNNING: self.running,
            names.STEP_WAITING: self.waiting,
            names.STEP_KV_CACHE_USAGE: self.kv_cache_usage,
            names.STEP_SCHEDULE_MS: (self.went - self.began) / 1e6,
        }
        if self.preempted:
            found[names.STEP_PREEMPTED_IDS] = sorted(self.preempted)
        return found


class _Crew(NamedTuple):
    """The requests of one step, and of those after it as long as they are the same."""

    plain: bool  # one token each, no prompt; else the crew of one step alone
    request_ids: list[str]
    total: int  # tokens
    run: Run
    attributes: dict[str, Any]  # what is the same for all these steps
    links: list[SpanContext]  # those of the requests that are new


class _Ended(NamedTuple):
    """A step that the model has done, and nothing of vLLM's that would be kept alive by it."""

    scheduled: _Scheduled
    ended: int  # monotonic
    crew: _Crew
    graph: Any  # vLLM's CUDAGraphStat or None

    @property
    def end_ns(self) -> int:
        """When it ended, in Unix ns."""
        return self.scheduled.start_ns + self.ended - self.scheduled.began


class Recorder:
    """The steps of one scheduler and the requests in it; used by the scheduler's thread alone.

    But for rest(), which another thread calls, and for what is made later. It is made when the
    engine begins.
    """

    def __init__(self, config: Any) -> None:
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
        self._open: dict[int, _Scheduled] = {}
        self._crew = _Crew(False, [], 0, Run(), {}, [])
        self._number = 0  # of the step scheduled last
        self._done = 0  # of the step that ended last
        self._usage: Usage | None = None
        self._ended: list[_Ended] = []  # and not recorded yet
        # Steps, and the requests that left with them, as long as they have no spans.
        self._unwritten: deque[tuple[list[_Ended], list[tuple[Ride, dict[str, Any]]]]] = deque()
        # Last, for it looks at all of these.
        self._over = idle.watch(self) if engine.gpus else threading.Event()

    def arrived(self, request: Any) -> None:
        """Take a request that the engine has just looked at."""
        context = receive_span(request)
        if request.request_id not in self._rides:  # else more input for a request known already
            self._rides[request.request_id] = Ride(request.request_id, context, time.time_ns())

    def scheduled(self, scheduler: Any, output: Any, start_ns: int, began: int) -> None:
        """Take a batch that has just been scheduled; `began` is its start, monotonic."""
        went = monotonic_ns()
        self._number = number = self._number + 1
        manager = scheduler.kv_cache_manager
        if self._usage is None:
            self._usage = find_usage(manager)
        running, waiting = scheduler.get_request_counts()
        preempted = getattr(output, "preempted_req_ids", None) or ()
        for request_id in preempted:
            self._ride(request_id).pauses.append(start_ns)
        usage = self._usage(manager)
        self._open[id(output)] = new_tuple(
            _Scheduled, (number, start_ns, began, went, running, waiting, usage, preempted)
        )

    def ended(self, output: Any, made: Any, results: Any) -> None:
        """Take a batch whose results are in, and record the requests that left with it.

        Steps are recorded many at a time: between two steps the processor's caches belong to the
        model, and the same work on one step takes several times as long. While a batch stays as
        it was, which is what most steps do, there is nothing to be done for each request.
        """
        scheduled = self._open.get(id(output))
        if scheduled is None:
            return
        ended = monotonic_ns()
        crew = self._crew
        # Lists of the same strings are compared without a look at the strings.
        if not (
            crew.plain
            and crew.total == output.total_num_scheduled_tokens
            and crew.request_ids == output.scheduled_cached_reqs.req_ids
            and not output.scheduled_new_reqs
            and not output.scheduled_spec_decode_tokens
        ):
            crew = self._crew = self._board(output, made)
        graph = getattr(made, "cudagraph_stats", None)
        self._ended.append(new_tuple(_Ended, (scheduled, ended, crew, graph)))
        del self._open[id(output)]  # not before: rest() must see it in one of the two
        self._done = scheduled.number
        if self._leaving:
            self._settle(results)
        elif len(self._ended) >= AT_ONCE:
            self._record([])

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
            attributes = {**self._attributes, **scheduled.attributes()}
            span = Span("engine.step", attributes, parent=KEPT, start_ns=scheduled.start_ns)
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

    def _write_step(self, ended: _Ended) -> None:
        scheduled, end, crew, graph = ended
        charge = self._books.charge(scheduled.began, end)
        busy_ns = charge.busy_ns
        crew.run.charge(busy_ns, charge.energy_uj)
        attributes = scheduled.attributes()
        attributes[names.STEP_BUSY_SECONDS] = busy_ns / 1e9
        attributes |= self._books.attributes(charge)
        if graph is not None:
            attributes[names.STEP_CUDA_GRAPH_MODE] = str(graph.runtime_mode)
        span = Span("engine.step", crew.attributes, parent=KEPT, start_ns=scheduled.start_ns)
        span.set_attributes(attributes)
        for context in crew.links:
            span.add_link(context)
        span.end(ended.end_ns)

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
