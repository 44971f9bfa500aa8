"""One span for each generate call, with prefill and decode below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from axonize import semconv
from axonize.device import followed, tell_out_of_memory
from axonize.guard import guarded
from axonize.integrations.transformers.clock import TokenClock
from axonize.integrations.transformers.model import (
    describe,
    gpu_labels,
    makes_tokens_of_input,
    model_name,
    operation,
)
from axonize.integrations.transformers.tokens import Loop, Output, read_loop, read_output
from axonize.levels import module_levels
from axonize.patching import Call, Observer
from axonize.speed import Span

SAMPLING = {
    semconv.GEN_AI_REQUEST_TEMPERATURE: "temperature",
    semconv.GEN_AI_REQUEST_TOP_K: "top_k",
    semconv.GEN_AI_REQUEST_TOP_P: "top_p",
}
STREAMER_POSITION = 8
ASSISTED = "assisted_generation"


def generate(call: Call) -> Observer:
    """Follow GenerationMixin.generate; an assistant model's own calls are spans below it."""
    model = call.args[0]
    streaming = call.argument("streamer", STREAMER_POSITION) is not None
    begun = Span(f"{operation(model)} {model_name(model)}", describe(model))
    with followed(begun, getattr(model, "device", None)) as span:
        span.set_attribute(semconv.GEN_AI_REQUEST_STREAM, streaming)
        span.set_gpus(gpu_labels(model))
        generation = _Generation(span, frozenset(call.kwargs), _current.get())
        outer, levels = _current.set(generation), module_levels.set(0)
        try:
            result = yield
            generation.finished(result)
        except BaseException as error:
            generation.failed()
            tell_out_of_memory(span, error)
            raise
        finally:
            _current.reset(outer)
            module_levels.reset(levels)
            generation.left()


def decoding_loop(greedy: str, sampling: str) -> Callable[[Call], Observer]:
    """Return what notes the arguments of a loop; its name depends on whether it draws tokens."""

    def enter(call: Call) -> Observer:
        generation = _current.get()
        if generation is not None and generation.loop is None:
            config = call.kwargs["generation_config"]
            generation.entered(call, sampling if config.do_sample else greedy)
        yield

    return enter


def token_clock(original: Callable[..., bool]) -> Callable[..., bool]:
    """Return the loops' own question "is anything unfinished?", noting when it was answered.

    Every loop asks it once before its first token and once after each; the answer waits for the
    device by itself, so that these are the times at which the host has the tokens.
    """
    from torch.compiler import is_compiling

    def ask(*args: Any, **kwargs: Any) -> bool:
        unfinished = original(*args, **kwargs)
        if not is_compiling():
            _tick(unfinished)
        return unfinished

    return ask


class _Generation:
    """What one generate call has shown of itself so far."""

    def __init__(self, span: Span, asked: frozenset[str], outer: _Generation | None) -> None:
        self.span = span
        self.asked = asked
        # An assistant model is asked for drafts inside the loop of the model that it assists.
        self.is_draft: bool = outer is not None and outer.mode == ASSISTED
        self.clock = TokenClock()
        self.mode: str = ""
        self.loop: Loop | None = None
        self.phase: Span | None = None

    def entered(self, call: Call, mode: str) -> None:
        """Note what the decoding loop was given; the prefill begins."""
        self.mode = mode
        self.loop = loop = read_loop(call.args[1], call.kwargs)
        self.span.set_attributes(
            {
                semconv.GENERATION_MODE: mode,
                semconv.GENERATION_CACHE: _cache(call.kwargs),
                semconv.BATCH_SIZE: loop.rows,
                semconv.GENERATION_PROMPT_LENGTH: loop.prompt_length,
                semconv.GEN_AI_REQUEST_MAX_TOKENS: loop.length_limit,
            }
        )
        self.span.set_attributes(parameters(call.kwargs["generation_config"], self.asked))
        if self.is_draft:
            self.span.set_attribute(semconv.GENERATION_DRAFT, True)
            return
        if makes_tokens_of_input(call.args[0]):
            self.span.set_attribute(semconv.GEN_AI_USAGE_INPUT_TOKENS, loop.input_tokens)
        self.phase = Span("prefill", parent=self.span)

    def ticked(self, unfinished: bool) -> None:
        """Note a token; after the first one the decode begins, if there is one."""
        self.clock.tick()
        if self.clock.steps == 1 and self.phase is not None:
            self.phase.end()
            self.phase = Span("decode", parent=self.span) if unfinished else None

    def finished(self, result: Any) -> None:
        """Note what came out."""
        sequences = getattr(result, "sequences", result)
        length = None
        if self.loop is not None and hasattr(sequences, "shape"):
            length = self._came_out(read_output(sequences, self.loop))
        self.span.set_attributes(self.clock.latency(length))

    def _came_out(self, output: Output) -> int:
        self.span.set_attributes(
            {
                semconv.GENERATION_OUTPUT_LENGTH: output.length,
                # What a draft is worth is counted where it is accepted.
                semconv.GEN_AI_USAGE_OUTPUT_TOKENS: None if self.is_draft else output.tokens,
                semconv.GEN_AI_RESPONSE_FINISH_REASONS: output.finish_reasons,
            }
        )
        return output.length

    def failed(self) -> None:
        """Note what is known of a call that ended with an exception."""
        if self.phase is not None:
            self.phase.set_status("error")
        self.span.set_attributes(self.clock.latency(None))

    def left(self) -> None:
        """End the phase that is running."""
        if self.phase is not None:
            self.phase.end()


_current: ContextVar[_Generation | None] = ContextVar("axonize_generation", default=None)


@guarded
def _tick(unfinished: bool) -> None:
    generation = _current.get()
    if generation is not None:
        generation.ticked(unfinished)


def _cache(arguments: Mapping[str, Any]) -> str | None:
    """Return the class of the cache of keys and values, which has another name in each version."""
    caches = (arguments.get(name) for name in ("cache", "past_key_values"))
    return next((type(cache).__name__ for cache in caches if cache is not None), None)


def parameters(config: Any, asked: frozenset[str]) -> dict[str, Any]:
    """Return the parameters that count: those of sampling only where tokens are drawn or asked."""
    parameters = {
        name: getattr(config, setting, None)
        for name, setting in SAMPLING.items()
        if config.do_sample or setting in asked
    }
    if (config.num_return_sequences or 1) > 1:
        parameters[semconv.GEN_AI_REQUEST_CHOICE_COUNT] = config.num_return_sequences
    if (config.num_beams or 1) > 1:
        parameters[semconv.GENERATION_BEAMS] = config.num_beams
    stops = getattr(config, "stop_strings", None)
    parameters[semconv.GEN_AI_REQUEST_STOP_SEQUENCES] = [stops] if isinstance(stops, str) else stops
    return parameters
