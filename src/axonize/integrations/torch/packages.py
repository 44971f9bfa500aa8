"""Calls of models that AOTInductor has compiled ahead of time and packaged."""

from __future__ import annotations

from axonize import semconv
from axonize.integrations.torch.settings import has_an_engine
from axonize.integrations.torch.shape import shape_of
from axonize.levels import module_levels
from axonize.patching import Call, Observer
from axonize.speed import Span


def package_call(call: Call) -> Observer:
    """Follow the call of a package; what a class compiled to does not say its name."""
    if has_an_engine() or not module_levels.get(1):
        return
    attributes = {
        semconv.MODEL_CLASS: type(call.instance).__name__,
        semconv.TORCH_COMPILED: True,
        semconv.TORCH_INPUT_SHAPE: shape_of((*call.args, *call.kwargs.values())),
    }
    with Span("forward AOTICompiledModel", attributes):
        yield
