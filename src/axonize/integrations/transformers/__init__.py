"""Hugging Face Transformers: generate calls, timed token by token, and pipelines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axonize.integrations.transformers.generation import (
    ASSISTED,
    decoding_loop,
    generate,
    token_clock,
)
from axonize.integrations.transformers.pipelines import forward, pipeline, run_single
from axonize.patching import Call, Integration, Observer, Patch, observe

GENERATION = "transformers.generation.utils"
PIPELINES = "transformers.pipelines.base"


def _while_eager(
    observer: Callable[[Call], Observer],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what builds a replacement that a compiler sees through: ours would break its graph."""

    def replace(original: Callable[..., Any]) -> Callable[..., Any]:
        from torch.compiler import is_compiling

        observed = observe(original, observer)

        def call(*args: Any, **kwargs: Any) -> Any:
            return original(*args, **kwargs) if is_compiling() else observed(*args, **kwargs)

        return call

    return replace


def _method(name: str, replace: Callable[..., Any]) -> Patch:
    return Patch(GENERATION, f"GenerationMixin.{name}", replace, kind="closure")


TRANSFORMERS = Integration(
    name="transformers",
    requires="transformers>=4.46",
    patches=(
        _method("generate", _while_eager(generate)),
        _method("_sample", _while_eager(decoding_loop("greedy_search", "sample"))),
        _method("_beam_search", _while_eager(decoding_loop("beam_search", "beam_sample"))),
        _method("_assisted_decoding", _while_eager(decoding_loop(ASSISTED, ASSISTED))),
        _method("_has_unfinished_sequences", token_clock),
        Patch(PIPELINES, "Pipeline.__call__", pipeline),
        Patch(PIPELINES, "Pipeline.run_single", run_single),
        Patch(PIPELINES, "Pipeline.forward", forward),
    ),
)
