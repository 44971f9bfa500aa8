"""Follows vLLM's scheduler: once for each step, and when a request comes and goes.

Closures, and not observers: a step may take a millisecond. A step is from `schedule` to
`update_from_output` of the same batch, whatever runs in between, so it holds for one batch at a
time, for asynchronous scheduling and for pipelines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axonize.guard import guarded, log_internal_error
from axonize.integrations.vllm.steps import abandon_all, begin, recorder
from axonize.patching import Call, Observer
from axonize.speed import follow_schedule, follow_update
from axonize.step_log import KEY

Function = Callable[..., Any]


def core_init(call: Call) -> Observer:
    """Open the books with the engine: its GPUs are its own before it has work for them."""
    found = begin(call.argument("vllm_config"))
    try:
        yield
    except BaseException:
        found.abandon(None)
        raise
    setattr(call.instance.scheduler, KEY, found)


def schedule(original: Function) -> Function:
    """Note the start of a step and its batch."""
    return follow_schedule(original, recorder)


def update_from_output(original: Function) -> Function:
    """Record the step when the scheduler has taken the model's output."""
    return follow_update(original, recorder)


def add_request(original: Function) -> Function:
    """Note when the engine has looked at a request, and whose it is."""

    def add_request(self: Any, request: Any) -> Any:
        try:
            recorder(self).arrived(request)
        except Exception as error:  # noqa: BLE001 - the engine goes on
            log_internal_error(error)
        return original(self, request)

    return add_request


def free_request(original: Function) -> Function:
    """Note the end of a request, of whatever kind."""

    def _free_request(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            recorder(self).left(self, request)
        except Exception as error:  # noqa: BLE001 - as above
            log_internal_error(error)
        return original(self, request, *args, **kwargs)

    return _free_request


def run_engine_core(original: Function) -> Function:
    """Record what is unfinished when the engine's process ends.

    A closure because the function is the target of a process, and pickled by its name.
    """

    def run_engine_core(*args: Any, **kwargs: Any) -> Any:
        try:
            result = original(*args, **kwargs)
        except BaseException as error:
            with guarded:
                abandon_all(error if isinstance(error, Exception) else None)
            raise
        with guarded:
            abandon_all(None)
        return result

    return run_engine_core
