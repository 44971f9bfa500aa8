"""Hugging Face Transformers: generate calls timed token by token, batches, pipelines, servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axonize.integrations.transformers.continuous import hooks
from axonize.integrations.transformers.generation import (
    ASSISTED,
    decoding_loop,
    generate,
    token_clock,
)
from axonize.integrations.transformers.loading import load
from axonize.integrations.transformers.pipelines import forward, pipeline, run_single
from axonize.integrations.transformers.serving import submit
from axonize.patching import Call, Integration, Observer, Patch, observe

GENERATION = "transformers.generation.utils"
PIPELINES = "transformers.pipelines.base"
CONTINUOUS = "transformers.generation.continuous_batching"
API = f"{CONTINUOUS}.continuous_api"
CACHE = f"{CONTINUOUS}.cache"
REQUESTS = f"{CONTINUOUS}.requests"
SCHEDULER = f"{CONTINUOUS}.scheduler"
SERVING = "transformers.cli.serving.utils"


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
        Patch("transformers.modeling_utils", "PreTrainedModel.from_pretrained", load),
        Patch(PIPELINES, "Pipeline.__call__", pipeline),
        Patch(PIPELINES, "Pipeline.run_single", run_single),
        Patch(PIPELINES, "Pipeline.forward", forward),
        Patch(API, "ContinuousBatchingManager.__init__", hooks.manager_init),
        Patch(API, "ContinuousBatchingManager.add_request", hooks.add_request),
        Patch(API, "ContinuousBatchingManager._run_generation_loop", hooks.generation_loop),
        Patch(API, "ContinuousBatchProcessor.prepare_next_batch", hooks.prepare, "closure"),
        Patch(API, "ContinuousBatchProcessor.update_batch", hooks.update, "closure"),
        Patch(API, "OutputRouter.fail_and_deliver", hooks.fail_and_deliver),
        Patch(REQUESTS, "RequestState.__post_init__", hooks.state_init, "closure"),
        Patch(CACHE, "PagedAttentionCache.free_blocks", hooks.free_blocks, "closure"),
        Patch(SCHEDULER, "Scheduler.add_waiting_request", hooks.add_waiting, "closure"),
        Patch(SCHEDULER, "Scheduler.clear_cancelled_requests", hooks.clear_cancelled, "closure"),
        Patch(SERVING, "InferenceThread.submit", submit, "rewrite"),
        Patch(SERVING, "InferenceThread.async_submit", submit, "rewrite"),
    ),
)
