"""One call of a pipeline: what was asked, how its time was spent, what came out."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from time import monotonic_ns
from typing import Any

from axonize import recording, semconv
from axonize.device import followed, tell_out_of_memory
from axonize.guard import guarded
from axonize.levels import module_levels
from axonize.naming import name_of
from axonize.patching import Call, Observer
from axonize.ranks import spread
from axonize.speed import Span

LISTED = 1000  # steps whose times are told one by one

# The names of pipelines' arguments and ours.
ASKED = {
    "num_inference_steps": semconv.DIFFUSION_STEPS,
    "guidance_scale": semconv.DIFFUSION_GUIDANCE_SCALE,
    "strength": semconv.DIFFUSION_STRENGTH,
    "num_frames": semconv.DIFFUSION_FRAMES,
}
OUTPUTS = {"images": "image", "frames": "video", "audios": "audio"}


class Denoising:
    """The steps since a progress bar was asked for; times are monotonic ns."""

    def __init__(self, parent: Span) -> None:
        self.span = Span("denoise", parent=parent)
        self.began = self.last = monotonic_ns()
        self.steps: list[int] = []
        self.scheduler_ns = 0

    def end(self) -> None:
        """End with the last step, or now when it has not ended."""
        steps = self.steps
        if steps:
            median, p99, longest = spread(sorted(steps))
            self.span.set_attributes(
                {
                    semconv.DIFFUSION_STEPS: len(steps),
                    semconv.DIFFUSION_STEP_P50_MS: median / 1e6,
                    semconv.DIFFUSION_STEP_P99_MS: p99 / 1e6,
                    semconv.DIFFUSION_STEP_MAX_MS: longest / 1e6,
                    semconv.DIFFUSION_STEP_MS: [step / 1e6 for step in steps[:LISTED]],
                    semconv.DIFFUSION_SCHEDULER_MS: self.scheduler_ns / 1e6,
                    semconv.DIFFUSION_MODEL_MS: (sum(steps) - self.scheduler_ns) / 1e6,
                }
            )
        self.span.end(self.span.start_ns + self.last - self.began if steps else None)


class Run:
    """A pipeline's call while it goes on, in the thread that makes it."""

    def __init__(self, pipeline: Any, span: Span) -> None:
        self.pipeline = pipeline
        self.span = span
        self.denoising: Denoising | None = None
        self._step_began = 0

    @guarded
    def denoises(self) -> None:
        """Begin to denoise, after what was denoised before."""
        self.denoised()
        self.denoising = Denoising(self.span)

    def denoised(self) -> None:
        """End what is denoised."""
        if self.denoising is not None:
            self.denoising.end()
            self.denoising = None

    @guarded
    def step_begins(self) -> None:
        """Note that the model is done with a step, and the scheduler begins."""
        if self.denoising is None:
            self.denoising = Denoising(self.span)
        self._step_began = monotonic_ns()

    @guarded
    def step_ended(self) -> None:
        """Note that the scheduler is done."""
        denoising, now = self.denoising, monotonic_ns()
        if denoising is not None:
            denoising.scheduler_ns += now - self._step_began
            denoising.steps.append(now - denoising.last)
            denoising.last = now

    def phase(self, name: str) -> Span:
        """Return the span of a part of the call."""
        if name == "decode":
            self.denoised()
        return Span(name, parent=self.span)


current_run: ContextVar[Run | None] = ContextVar("axonize_diffusion", default=None)


def pipeline_call(call: Call) -> Observer:
    """Follow the call of a pipeline; its modules have no spans of their own."""
    pipeline, outer = call.args[0], current_run.get()
    if outer is not None and outer.pipeline is pipeline:
        return  # a class that calls the one it inherits from
    arguments = _arguments(type(pipeline).__call__, call)
    begun = Span(f"generate_content {_model_name(pipeline)}", _asked(pipeline, arguments))
    with followed(begun, pipeline.device) as span:
        span.set_gpus(_gpus(pipeline))
        run = Run(pipeline, span)
        running, levels = current_run.set(run), module_levels.set(0)
        try:
            result = yield
            run.denoised()
            span.set_attributes(_came_out(result, arguments))
        except BaseException as error:
            tell_out_of_memory(span, error)
            if run.denoising is not None:
                run.denoising.span.set_status("error")
            raise
        finally:
            run.denoised()
            current_run.reset(running)
            module_levels.reset(levels)


def denoising(call: Call) -> Observer:
    """Follow DiffusionPipeline.progress_bar: pipelines ask for one when they begin to denoise."""
    yield
    run = current_run.get()
    if run is not None and run.pipeline is call.instance:
        run.denoises()


def _arguments(function: Callable[..., Any], call: Call) -> Mapping[str, Any]:
    """Return what the pipeline was called with and its defaults; nothing when it refuses that."""
    try:
        bound = _signature(function).bind(*call.args, **call.kwargs)
    except TypeError:
        return {}
    bound.apply_defaults()
    return bound.arguments


@functools.lru_cache(64)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def _asked(pipeline: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    model, scheduler = _denoiser(pipeline), getattr(pipeline, "scheduler", None)
    copies = arguments.get("num_images_per_prompt") or arguments.get("num_videos_per_prompt") or 1
    found = {
        semconv.GEN_AI_OPERATION_NAME: "generate_content",
        semconv.GEN_AI_PROVIDER_NAME: "huggingface",
        semconv.GEN_AI_REQUEST_MODEL: _model_name(pipeline),
        semconv.PIPELINE_CLASS: type(pipeline).__name__,
        semconv.MODEL_CLASS: type(model).__name__ if model is not None else None,
        semconv.MODEL_DTYPE: str(pipeline.dtype).removeprefix("torch."),
        semconv.DEVICE: str(pipeline.device),
        semconv.DIFFUSION_SCHEDULER: type(scheduler).__name__ if scheduler is not None else None,
        semconv.GEN_AI_REQUEST_CHOICE_COUNT: copies if copies > 1 else None,
        semconv.GEN_AI_REQUEST_SEED: _seed(arguments.get("generator")),
    }
    found.update((ours, arguments.get(theirs)) for theirs, ours in ASKED.items())
    return found


def _came_out(result: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    first = result[0] if isinstance(result, tuple) else None
    kind = next((kind for name, kind in OUTPUTS.items() if hasattr(result, name)), None)
    outputs: Any = next((getattr(result, name) for name in OUTPUTS if hasattr(result, name)), first)
    size = _size(outputs) if kind != "audio" and arguments.get("output_type") != "latent" else None
    return {
        semconv.GEN_AI_OUTPUT_TYPE: kind,
        semconv.DIFFUSION_OUTPUTS: len(outputs) if hasattr(outputs, "__len__") else None,
        semconv.DIFFUSION_WIDTH: size[0] if size else arguments.get("width"),
        semconv.DIFFUSION_HEIGHT: size[1] if size else arguments.get("height"),
    }


def _size(outputs: Any) -> tuple[int, int] | None:
    """Return width and height of the first image, or of the first frame of the first video."""
    first = outputs[0] if hasattr(outputs, "__len__") and len(outputs) else None
    if isinstance(first, (list, tuple)):
        first = first[0]
    size = getattr(first, "size", None)
    if isinstance(size, tuple):  # of PIL; a tensor's is a method, an array's a number
        return size
    shape: tuple[int, ...] = tuple(getattr(first, "shape", ()))
    channels_first = callable(size)
    if len(shape) < 3:
        return None
    return (shape[-1], shape[-2]) if channels_first else (shape[-2], shape[-3])


def _denoiser(pipeline: Any) -> Any:
    return getattr(pipeline, "transformer", None) or getattr(pipeline, "unet", None)


def _model_name(pipeline: Any) -> str:
    loaded_by = str(getattr(pipeline.config, "_name_or_path", "") or "")
    return name_of(loaded_by) or type(pipeline).__name__


def _seed(generator: Any) -> int | None:
    first = generator[0] if isinstance(generator, (list, tuple)) and generator else generator
    return first.initial_seed() if hasattr(first, "initial_seed") else None


def _gpus(pipeline: Any) -> Sequence[str]:
    device = str(pipeline.device)
    return recording.engine_gpus or ([device] if device.startswith(("cuda", "mps")) else ())
