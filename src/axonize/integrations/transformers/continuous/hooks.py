"""Follows a ContinuousBatchingManager: where requests are added, scheduled, updated and ended.

What runs once a step is a closure. All of it runs in the manager's own thread, but for adding.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from time import monotonic_ns, time_ns
from typing import Any

from axonize.guard import log_internal_error
from axonize.integrations.transformers.continuous.requests import Request
from axonize.integrations.transformers.continuous.steps import Recorder, batch_of
from axonize.levels import module_levels
from axonize.patching import Call, Observer

Function = Callable[..., Any]

# The recorder of the manager whose thread this is.
_at_work: ContextVar[Recorder | None] = ContextVar("axonize_continuous_batching", default=None)
# The request that this thread adds to a manager just now.
_adding: ContextVar[tuple[Recorder, Request] | None] = ContextVar("axonize_adding", default=None)


def manager_init(call: Call) -> Observer:
    """Give each manager a recorder, but those that only follow what another process decides."""
    yield
    manager = call.instance
    manager._axonize_recorder = Recorder(manager) if manager.is_tp_driver else None


def add_request(call: Call) -> Observer:
    """Begin the request's span."""
    recorder = _recorder(call.instance)
    if recorder is None:
        return
    request = recorder.requests.begin()
    adding = _adding.set((recorder, request))
    try:
        added = yield
    except BaseException as error:
        recorder.requests.refused(request, error)
        raise
    finally:
        _adding.reset(adding)
    if added is None:  # the manager stops
        recorder.requests.refused(request, None)


def state_init(original: Function) -> Function:
    """Name the request's span before the manager's thread can see its state."""

    def post_init(self: Any) -> None:
        original(self)
        try:
            adding = _adding.get()
            if adding is not None:
                recorder, request = adding
                recorder.requests.named(request, self)
        except Exception as error:  # noqa: BLE001 - the host goes on
            log_internal_error(error)

    return post_init


def generation_loop(call: Call) -> Observer:
    """Record what happens in a manager's thread; the model's modules have no spans of their own."""
    recorder = _recorder(call.instance)
    if recorder is not None:
        recorder.begin()
    at_work, levels = _at_work.set(recorder), module_levels.set(0)
    try:
        yield
    finally:
        _at_work.reset(at_work)
        module_levels.reset(levels)
        if recorder is not None:
            recorder.abandon(call.instance.background_thread_status.fatal_error)


def add_waiting(original: Function) -> Function:
    """Note a request that waits to be scheduled, for the first time or again."""

    def add_waiting_request(self: Any, state: Any) -> Any:
        try:
            recorder = _at_work.get()
            if recorder is not None:
                recorder.arrived(state)
        except Exception as error:  # noqa: BLE001 - as above
            log_internal_error(error)
        return original(self, state)

    return add_waiting_request


def prepare(original: Function) -> Function:
    """Note the start of a step and its batch."""

    def prepare_next_batch(self: Any) -> Any:
        start_ns, began = time_ns(), monotonic_ns()
        prepared = original(self)
        try:
            recorder = _at_work.get()
            if prepared and recorder is not None:
                recorder.scheduled(self, start_ns, began)
        except Exception as error:  # noqa: BLE001 - as above
            log_internal_error(error)
        return prepared

    return prepare_next_batch


def update(original: Function) -> Function:
    """Record the step when its tokens have come to their requests."""

    def update_batch(self: Any) -> Any:
        recorder = batch = None
        try:
            recorder = _at_work.get()
            batch = batch_of(self)
        except Exception as error:  # noqa: BLE001 - as above
            log_internal_error(error)
        result = original(self)
        try:
            if recorder is not None and batch is not None:
                recorder.ended(self, batch)
        except Exception as error:  # noqa: BLE001 - as above
            log_internal_error(error)
        return result

    return update_batch


def clear_cancelled(original: Function) -> Function:
    """Note the requests that nobody waits for any more."""

    def clear_cancelled_requests(self: Any) -> Any:
        cancelled = original(self)
        try:
            recorder = _at_work.get()
            if recorder is not None:
                for state in cancelled:
                    recorder.left(state, "abort")
        except Exception as error:  # noqa: BLE001 - as above
            log_internal_error(error)
        return cancelled

    return clear_cancelled_requests


def free_blocks(original: Function) -> Function:
    """Note how many blocks a request held."""

    def free_blocks(self: Any, request_id: str, *args: Any, **kwargs: Any) -> Any:
        try:
            recorder = _at_work.get()
            if recorder is not None:
                tables = [each.block_table for each in self.cache_allocators.values()]
                recorder.freed(request_id, sum(len(table.get(request_id, ())) for table in tables))
        except Exception as error:  # noqa: BLE001 - as above
            log_internal_error(error)
        return original(self, request_id, *args, **kwargs)

    return free_blocks


def fail_and_deliver(call: Call) -> Observer:
    """Note a request that failed, alone or with its manager."""
    yield
    recorder = _at_work.get()
    if recorder is not None:
        recorder.left(call.argument("state"), "error", call.argument("error"))


def _recorder(manager: Any) -> Recorder | None:
    """Return the recorder of a manager; None for one that was made before it was followed."""
    return getattr(manager, "_axonize_recorder", None)
