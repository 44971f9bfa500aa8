"""The classes that are followed: each pipeline brings its own call, its scheduler and its VAE.

A class is followed when the first pipeline of it is made, and its components when it is called:
they may be exchanged at any time. No hook is put on a model, for that would compile it again.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from axonize.guard import guarded
from axonize.integrations.diffusers.run import current_run, pipeline_call
from axonize.patching import Call, Observer, observe

Function = Callable[..., Any]

DECODERS = ("vae", "vqvae", "movq")

_undo: dict[tuple[type, str], Callable[[], None]] = {}


def follow_new(call: Call) -> Observer:
    """Follow the class of a pipeline that is being made."""
    _follow_pipeline(type(call.instance))
    yield


def follow_known() -> None:
    """Follow the pipelines that were defined before."""
    module = sys.modules.get("diffusers.pipelines.pipeline_utils")
    if module is not None:
        for known in _below(module.DiffusionPipeline):
            _follow_pipeline(known)


def follow_no_more() -> None:
    """Leave the classes as they were."""
    while _undo:
        _undo.popitem()[1]()


def _below(parent: type) -> Iterator[type]:
    child: type
    for child in parent.__subclasses__():
        yield child
        yield from _below(child)


def _follow_pipeline(owner: type) -> None:
    for parent in owner.__mro__:
        if "__call__" in vars(parent):
            _replace(parent, "__call__", _call)
        if "encode_prompt" in vars(parent):
            _replace(parent, "encode_prompt", _phase("encode_prompt"))


def _call(original: Function) -> Function:
    observed = observe(original, pipeline_call, shape="plain")

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        _follow_components(self)
        return observed(self, *args, **kwargs)

    return call


@guarded
def _follow_components(pipeline: Any) -> None:
    scheduler = getattr(pipeline, "scheduler", None)
    if scheduler is not None:
        _replace_inherited(type(scheduler), "step", _step)
    for name in DECODERS:
        decoder = getattr(pipeline, name, None)
        if decoder is not None:
            _replace_inherited(type(decoder), "decode", _phase("decode"))


def _step(original: Function) -> Function:
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        run = current_run.get()
        if run is None:
            return original(self, *args, **kwargs)
        run.step_begins()
        result = original(self, *args, **kwargs)
        run.step_ended()
        return result

    return step


def _phase(name: str) -> Callable[[Function], Function]:
    """Return what makes a span of a call inside a pipeline's; a compiler sees through it."""

    def replace(original: Function) -> Function:
        from torch.compiler import is_compiling

        def call(*args: Any, **kwargs: Any) -> Any:
            if is_compiling():
                return original(*args, **kwargs)
            run = current_run.get()
            if run is None:
                return original(*args, **kwargs)
            with run.phase(name):
                return original(*args, **kwargs)

        return call

    return replace


def _replace_inherited(owner: type, name: str, replace: Callable[[Function], Function]) -> None:
    parent = next((parent for parent in owner.__mro__ if name in vars(parent)), None)
    if parent is not None:
        _replace(parent, name, replace)


def _replace(owner: type, name: str, replace: Callable[[Function], Function]) -> None:
    if (owner, name) in _undo:
        return
    original = vars(owner)[name]
    replacement = functools.wraps(original)(replace(original))
    setattr(owner, name, replacement)

    def undo() -> None:
        if vars(owner).get(name) is replacement:  # else another tool has patched over it
            setattr(owner, name, original)

    _undo[owner, name] = undo
