"""The steps of vLLM's scheduler, noted while the model's next work waits for it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from time import monotonic_ns, time_ns
from typing import Any, TypeAlias

from axonize.guard import log_internal_error

Scheduled: TypeAlias = tuple[int, int, int, int, tuple[int, int], Any, Collection[str]]
"""A step that the model works on.

Its number from 1, when it began in Unix ns and by the monotonic clock, when its batch went to the
model by the latter, the requests that run and that wait, what the gauge said, who was preempted.
"""
Crew: TypeAlias = tuple[Any, ...]
"""Who rides in a step: a tuple that begins with these three, for anything more.

Whether the steps after it may have the same crew, the ids of its requests in a list, its tokens.
"""
Ended: TypeAlias = tuple[Scheduled, int, Any, Any]
"""A step that the model has done: when (monotonic ns), its Crew, vLLM's CUDAGraphStat or None."""

Function: TypeAlias = Callable[..., Any]
KEY = "_axonize_recorder"  # on the scheduler: its log

NOBODY: Crew = (False, [], 0)


class StepLog:
    """Notes the steps of one scheduler, in its thread; whoever derives from it says what follows.

    Between two steps the processor's caches belong to the model, and the same work takes several
    times as long as it does later for many steps at once. So nothing is done here that can wait,
    nothing of vLLM's is kept alive, and while a batch stays as it was, which is what most steps do,
    there is nothing to be done for each request.
    """

    def __init__(self) -> None:
        self._open: dict[int, Scheduled] = {}
        self._ended: list[Ended] = []  # and not recorded yet
        self._leaving: list[Any] = []  # requests that are done and not recorded yet
        self._crew = NOBODY
        self._gauge: Callable[[Any], Any] | None = None  # reads a KVCacheManager
        self._number = 0  # of the step scheduled last
        self._done = 0  # of the step that ended last
        self._at_once = 1  # so many steps are recorded together

    def scheduled(self, scheduler: Any, output: Any, start_ns: int, began: int) -> None:
        """Take a batch that has just been scheduled; `began` is its start, monotonic."""
        went = monotonic_ns()
        self._number += 1
        manager = scheduler.kv_cache_manager
        gauge = self._gauge or self._find_gauge(manager)
        read, counts = gauge(manager), scheduler.get_request_counts()
        preempted = getattr(output, "preempted_req_ids", None) or ()
        if preempted:
            self._pause(preempted, start_ns)
        number = self._number
        self._open[id(output)] = (number, start_ns, began, went, counts, read, preempted)

    def ended(self, output: Any, made: Any, results: Any) -> None:
        """Take a batch whose results are in; one that was never scheduled here is passed over."""
        scheduled = self._open.get(id(output))
        if scheduled is None:
            return
        ended = monotonic_ns()
        if not self._has_crew(output):
            self._crew = self._board(output, made)
        graph = getattr(made, "cudagraph_stats", None)
        self._ended.append((scheduled, ended, self._crew, graph))
        del self._open[id(output)]  # not before: another thread must see it in one of the two
        self._done = scheduled[0]
        if self._leaving:
            self._settle(results)
        elif len(self._ended) >= self._at_once:
            self._record_ended()

    def _has_crew(self, output: Any) -> bool:
        lasts, request_ids, total, *_ = self._crew
        # Lists of the same strings are compared without a look at the strings.
        return (
            lasts
            and total == output.total_num_scheduled_tokens
            and request_ids == output.scheduled_cached_reqs.req_ids
            and not output.scheduled_new_reqs
            and not output.scheduled_spec_decode_tokens
        )

    def _find_gauge(self, manager: Any) -> Callable[[Any], Any]:
        """Return what reads this KVCacheManager, and keep it as `_gauge`."""
        raise NotImplementedError

    def _pause(self, request_ids: Collection[str], start_ns: int) -> None:
        """Take the requests that a step has preempted which began then."""
        raise NotImplementedError

    def _board(self, output: Any, made: Any) -> Crew:
        """Return the crew of a batch that has not the one of the step before."""
        raise NotImplementedError

    def _settle(self, results: Any) -> None:
        """Record what has ended; some of the requests in `_leaving` may have left with it."""
        raise NotImplementedError

    def _record_ended(self) -> None:
        """Record what has ended."""
        raise NotImplementedError


def follow_schedule(original: Function, find_log: Callable[[Any], StepLog]) -> Function:
    """Return what stands in for Scheduler.schedule: it notes the start of a step and its batch.

    find_log: makes the log of a scheduler that has none, and keeps it there as KEY.
    """

    def schedule(self: Any, *args: Any, **kwargs: Any) -> Any:
        start_ns, began = time_ns(), monotonic_ns()
        output = original(self, *args, **kwargs)
        try:
            if output.total_num_scheduled_tokens:
                log = getattr(self, KEY, None) or find_log(self)
                log.scheduled(self, output, start_ns, began)
        except Exception as error:  # noqa: BLE001 - the engine goes on
            log_internal_error(error)
        return output

    return schedule


def follow_update(original: Function, find_log: Callable[[Any], StepLog]) -> Function:
    """Return what stands in for Scheduler.update_from_output: it notes the end of the step."""

    def update_from_output(self: Any, *args: Any, **kwargs: Any) -> Any:
        results = original(self, *args, **kwargs)
        try:
            log = getattr(self, KEY, None) or find_log(self)
            _tell_ended(log, results, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - as above
            log_internal_error(error)
        return results

    return update_from_output


def _tell_ended(
    log: StepLog, results: Any, scheduler_output: Any, model_runner_output: Any
) -> None:
    log.ended(scheduler_output, model_runner_output, results)
