"""One span for each pipeline call, with its preprocess, forward and postprocess below it."""

from __future__ import annotations

from contextvars import ContextVar
from types import GeneratorType
from typing import Any

from axonize import semconv
from axonize.integrations.transformers.model import model_name
from axonize.levels import module_levels
from axonize.patching import Call, Observer
from axonize.spans import Status
from axonize.speed import Span

# The phase that runs between the calls that are watched: each pipeline class has its own
# preprocess and postprocess, so they are known by what comes before and after them.
_phase: ContextVar[Span | None] = ContextVar("axonize_pipeline_phase", default=None)


def pipeline(call: Call) -> Observer:
    """Follow Pipeline.__call__; for a generator or a dataset it ends before the work begins."""
    instance, inputs = call.instance, call.argument("inputs")
    with Span(
        f"pipeline {instance.task}",
        {
            semconv.PIPELINE_TASK: instance.task,
            semconv.PIPELINE_CLASS: type(instance).__name__,
            semconv.PIPELINE_INPUTS: _count(inputs),
            semconv.BATCH_SIZE: call.argument("batch_size") or instance._batch_size or 1,
            semconv.GEN_AI_REQUEST_MODEL: model_name(instance.model),
            semconv.DEVICE: str(instance.device),
        },
    ):
        yield


def run_single(_: Call) -> Observer:
    """Follow the work for one input: preprocess until forward begins, then postprocess."""
    outer = _phase.set(Span("preprocess"))
    try:
        yield
        _end_phase("unset")
    except BaseException:
        _end_phase("error")
        raise
    finally:
        _phase.reset(outer)


def forward(_: Call) -> Observer:
    """Follow one pass through the model, with the generate calls that it makes."""
    between = _phase.get()
    if between is not None:
        between.end()
        _phase.set(None)
    levels = module_levels.set(0)
    try:
        with Span("forward"):
            yield
    finally:
        module_levels.reset(levels)
    if between is not None:
        _phase.set(Span("postprocess"))


def _end_phase(status: Status) -> None:
    phase = _phase.get()
    if phase is not None:
        phase.set_status(status)
        phase.end()


def _count(inputs: Any) -> int | None:
    """Return how many inputs were given; None for what is read one by one. A chat is one."""
    if isinstance(inputs, (list, tuple)):
        chat = bool(inputs) and isinstance(inputs[0], dict) and "role" in inputs[0]
        return 1 if chat else len(inputs)
    return None if _is_read_one_by_one(inputs) else 1


def _is_read_one_by_one(inputs: Any) -> bool:
    from torch.utils.data import Dataset

    return isinstance(inputs, (GeneratorType, Dataset))
