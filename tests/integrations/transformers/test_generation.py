"""The spans of generate on a real model, and the same tokens as without."""

from __future__ import annotations

import threading
from inspect import signature
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BartConfig,
    BartForConditionalGeneration,
    TextIteratorStreamer,
)

from axonize import guard, patching
from axonize.device import forget_settings
from axonize.integrations.threads import THREADS
from axonize.integrations.transformers import TRANSFORMERS, generation
from axonize.speed import Span
from tests.integrations.conftest import MEASURED, Recorded
from tests.integrations.transformers.conftest import Tiny

MODEL = {
    "gen_ai.operation.name": "text_completion",
    "gen_ai.provider.name": "huggingface",
    "gen_ai.request.model": "tiny-llama",
    "axonize.model.class": "LlamaForCausalLM",
    "axonize.model.type": "llama",
    "axonize.model.dtype": "float32",
    "axonize.device": "cpu",
    "gen_ai.request.stream": False,
    "axonize.generation.cache": "DynamicCache",
}
LATENCY = {
    "axonize.ttft_ms": MEASURED,
    "gen_ai.response.time_to_first_chunk": MEASURED,
    "axonize.tpot_ms": MEASURED,
    "axonize.itl.p50_ms": MEASURED,
    "axonize.itl.p99_ms": MEASURED,
    "axonize.itl.max_ms": MEASURED,
}
PREFILL = {"name": "prefill"}
DECODE = {"name": "decode"}


def expected(phases: list[dict[str, Any]], **attributes: Any) -> dict[str, Any]:
    renamed = {name.replace("__", "."): value for name, value in attributes.items()}
    return {
        "name": "text_completion tiny-llama",
        "attributes": MODEL | LATENCY | renamed,
        "children": phases,
    }


def test_greedy_search_of_a_padded_batch(tiny: Tiny, recorded: Recorded) -> None:
    prompts = tiny.prompts("The quick brown fox", "A model")
    tiny.model.generate(**prompts, max_new_tokens=8, do_sample=False)
    assert recorded.tree() == [
        expected(
            [PREFILL, DECODE],
            axonize__generation__mode="greedy_search",
            axonize__batch_size=2,
            axonize__generation__prompt_length=prompts["input_ids"].shape[1],
            gen_ai__request__max_tokens=8,
            gen_ai__usage__input_tokens=int(prompts["attention_mask"].sum()),
            axonize__generation__output_length=8,
            gen_ai__usage__output_tokens=16,
            gen_ai__response__finish_reasons=("length", "length"),
            axonize__generation__steps=8,
        )
    ]


def test_sampling_tells_its_parameters(tiny: Tiny, recorded: Recorded) -> None:
    tiny.model.generate(
        **tiny.prompts("The quick"), max_new_tokens=4, do_sample=True, temperature=0.5, top_k=7
    )
    [span] = recorded.tree()
    assert (
        span["attributes"].items()
        >= {
            "axonize.generation.mode": "sample",
            "gen_ai.request.temperature": 0.5,
            "gen_ai.request.top_k": 7,
            "gen_ai.request.top_p": 1.0,
        }.items()
    )


def test_a_temperature_of_zero_is_a_value(tiny: Tiny, recorded: Recorded) -> None:
    tiny.model.generate(
        **tiny.prompts("The quick"), max_new_tokens=2, do_sample=False, temperature=0.0
    )
    [span] = recorded.tree()
    assert span["attributes"]["gen_ai.request.temperature"] == 0.0
    assert "gen_ai.request.top_p" not in span["attributes"]


def test_beam_search_counts_prompts_once_and_rows_as_they_run(
    tiny: Tiny, recorded: Recorded
) -> None:
    prompts = tiny.prompts("The quick brown fox", "A model")
    tiny.model.generate(
        **prompts, max_new_tokens=5, num_beams=3, num_return_sequences=2, do_sample=False
    )
    [span] = recorded.tree()
    assert span["children"] == [PREFILL, DECODE]
    assert (
        span["attributes"].items()
        >= {
            "axonize.generation.mode": "beam_search",
            "axonize.generation.beams": 3,
            "axonize.batch_size": 6,
            "gen_ai.request.choice.count": 2,
            "gen_ai.usage.input_tokens": int(prompts["attention_mask"].sum()),
            "gen_ai.usage.output_tokens": 20,
            "axonize.generation.steps": 5,
        }.items()
    )


def test_an_assistant_drafts_below_the_model_it_assists(tiny: Tiny, recorded: Recorded) -> None:
    assistant = AutoModelForCausalLM.from_pretrained(tiny.model.config._name_or_path)
    recorded.spans()
    tiny.model.generate(
        **tiny.prompts("The quick"), max_new_tokens=8, do_sample=False, assistant_model=assistant
    )
    [span] = recorded.tree()
    assert (
        span["attributes"].items()
        >= {
            "axonize.generation.mode": "assisted_generation",
            "gen_ai.usage.output_tokens": 8,
        }.items()
    )
    drafts = [child for child in span["children"] if child not in (PREFILL, DECODE)]
    assert len(drafts) == span["attributes"]["axonize.generation.steps"]
    assert [child for child in span["children"] if child in (PREFILL, DECODE)] == [PREFILL, DECODE]
    for draft in drafts:
        assert draft["name"] == "text_completion tiny-llama"
        assert draft["attributes"]["axonize.generation.draft"] is True
        assert "gen_ai.usage.output_tokens" not in draft["attributes"]
        assert "children" not in draft


@pytest.mark.parametrize(
    ("asked", "cache"),
    [({"cache_implementation": "static"}, "StaticCache"), ({"use_cache": False}, None)],
)
def test_the_cache_is_named(
    tiny: Tiny, recorded: Recorded, asked: dict[str, Any], cache: str | None
) -> None:
    tiny.model.generate(**tiny.prompts("The quick"), max_new_tokens=2, do_sample=False, **asked)
    (span,) = recorded.tree()
    assert span["attributes"].get("axonize.generation.cache") == cache


def test_one_token_is_a_prefill_without_decode(tiny: Tiny, recorded: Recorded) -> None:
    tiny.model.generate(**tiny.prompts("The quick"), max_new_tokens=1, do_sample=False)
    [span] = recorded.tree()
    assert span["children"] == [PREFILL]
    assert "axonize.ttft_ms" in span["attributes"]
    assert "axonize.tpot_ms" not in span["attributes"]


def test_rows_that_stop_early_count_their_own_tokens(tiny: Tiny, recorded: Recorded) -> None:
    prompts = tiny.prompts("The quick brown fox", "A model")
    start = prompts["input_ids"].shape[1]
    free = tiny.model.generate(**prompts, max_new_tokens=8, do_sample=False)[:, start:].tolist()
    stop = next(token for token in free[0] if token not in free[1])
    recorded.spans()
    tiny.model.generate(**prompts, max_new_tokens=8, do_sample=False, eos_token_id=stop)
    [span] = recorded.tree()
    assert span["attributes"]["gen_ai.response.finish_reasons"] == ("stop", "length")
    assert span["attributes"]["gen_ai.usage.output_tokens"] == free[0].index(stop) + 1 + 8


def test_a_stop_string_ends_a_row(tiny: Tiny, recorded: Recorded) -> None:
    prompts = tiny.prompts("The quick brown fox")
    start = prompts["input_ids"].shape[1]
    free = tiny.model.generate(**prompts, max_new_tokens=8, do_sample=False)[0, start:-1]
    texts = [tiny.tokenizer.decode([token]) for token in free.tolist()]
    word = next(text for text in texts if text.isascii())
    recorded.spans()
    out = tiny.model.generate(
        **prompts,
        max_new_tokens=8,
        do_sample=False,
        stop_strings=[word],
        tokenizer=tiny.tokenizer,
    )
    [span] = recorded.tree()
    assert span["attributes"]["gen_ai.response.finish_reasons"] == ("stop",)
    assert span["attributes"]["gen_ai.request.stop_sequences"] == (word,)
    assert span["attributes"]["gen_ai.usage.output_tokens"] == out.shape[1] - start < 8


def test_embeddings_are_a_prompt_too(tiny: Tiny, recorded: Recorded) -> None:
    prompts = tiny.prompts("The quick")
    embedded = tiny.model.get_input_embeddings()(prompts["input_ids"])
    tiny.model.generate(inputs_embeds=embedded, max_new_tokens=2, do_sample=False)
    [span] = recorded.tree()
    length = prompts["input_ids"].shape[1]
    assert span["attributes"]["axonize.generation.prompt_length"] == length
    assert span["attributes"]["gen_ai.usage.input_tokens"] == length
    assert span["attributes"]["gen_ai.usage.output_tokens"] == 2


def test_an_encoder_s_input_is_the_prompt(recorded: Recorded) -> None:
    config = BartConfig(
        vocab_size=64,
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        forced_eos_token_id=None,
    )
    model = BartForConditionalGeneration(config)
    ids, mask = torch.randint(4, 64, (2, 7)), torch.ones(2, 7, dtype=torch.long)
    mask[1, :3] = 0
    model.generate(ids, attention_mask=mask, max_new_tokens=3, min_new_tokens=3, do_sample=False)
    model.generate(ids, max_new_tokens=3, min_new_tokens=3, do_sample=False)
    masked, plain = recorded.tree()
    assert masked["name"] == "text_completion bart"
    assert masked["attributes"]["axonize.generation.prompt_length"] == 7
    assert masked["attributes"]["gen_ai.usage.input_tokens"] == 11
    assert plain["attributes"]["gen_ai.usage.input_tokens"] == 14
    assert masked["attributes"]["gen_ai.usage.output_tokens"] == 6


def test_streaming_from_a_thread_lies_below_the_caller(tiny: Tiny, recorded: Recorded) -> None:
    patching.install(THREADS)
    try:
        streamer = TextIteratorStreamer(tiny.tokenizer)
        arguments = {**tiny.prompts("The quick"), "max_new_tokens": 6, "streamer": streamer}
        with Span("request"):
            thread = threading.Thread(target=tiny.model.generate, kwargs=arguments)
            thread.start()
            assert "".join(streamer)
            thread.join()
    finally:
        patching.uninstall(THREADS)
    [request] = recorded.tree()
    [span] = request["children"]
    assert span["attributes"]["gen_ai.request.stream"] is True
    assert span["children"] == [PREFILL, DECODE]


def test_wrong_arguments_raise_what_they_raise_without_us(tiny: Tiny, recorded: Recorded) -> None:
    with pytest.raises(ValueError, match="max_new_tokens") as traced:
        tiny.model.generate(**tiny.prompts("The quick"), max_new_tokens=-1)
    [span] = recorded.tree()
    assert span["status"] == ("error", f"ValueError: {traced.value}")
    [(name, event)] = span["events"]
    assert (name, event["exception.message"]) == ("exception", str(traced.value))
    assert "children" not in span
    patching.uninstall(TRANSFORMERS)
    with pytest.raises(ValueError, match="max_new_tokens") as plain:
        tiny.model.generate(**tiny.prompts("The quick"), max_new_tokens=-1)
    assert str(traced.value) == str(plain.value)


def test_an_error_between_tokens_keeps_what_was_measured(tiny: Tiny, recorded: Recorded) -> None:
    def breaks(input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        if input_ids.shape[1] > start + 2:
            raise RuntimeError("out of memory")
        return torch.zeros(input_ids.shape[0], dtype=torch.bool)

    prompts = tiny.prompts("The quick")
    start = prompts["input_ids"].shape[1]
    with pytest.raises(RuntimeError, match="out of memory"):
        tiny.model.generate(**prompts, max_new_tokens=8, stopping_criteria=[breaks])
    [span] = recorded.tree()
    assert span["status"] == ("error", "RuntimeError: out of memory")
    assert span["attributes"]["axonize.ttft_ms"] == MEASURED
    assert span["attributes"]["axonize.generation.steps"] == 2
    assert span["children"] == [PREFILL, DECODE | {"status": "error"}]


@pytest.mark.parametrize(
    "arguments",
    [
        {"do_sample": False},
        {"do_sample": True, "temperature": 0.7},
        {"num_beams": 3},
        {"do_sample": False, "prompt_lookup_num_tokens": 2},
    ],
)
def test_the_tokens_are_the_same_with_and_without(tiny: Tiny, arguments: dict[str, Any]) -> None:
    def tokens() -> torch.Tensor:
        torch.manual_seed(0)
        return tiny.model.generate(
            **tiny.prompts("The quick brown fox"), max_new_tokens=12, **arguments
        )

    traced = tokens()
    patching.uninstall(TRANSFORMERS)
    assert torch.equal(traced, tokens())


def test_a_broken_observer_leaves_the_tokens_as_they_are(
    tiny: Tiny, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> None:
        raise AttributeError("not in this version")

    guard.set_strict(False)
    prompts = tiny.prompts("The quick brown fox")
    whole = tiny.model.generate(**prompts, max_new_tokens=6, do_sample=False)
    recorded.spans()
    for name in ("read_loop", "read_output", "describe"):
        monkeypatch.setattr(generation, name, breaks)
        broken = tiny.model.generate(**prompts, max_new_tokens=6, do_sample=False)
        assert torch.equal(broken, whole)
    monkeypatch.setattr(generation._Generation, "ticked", breaks)
    broken = tiny.model.generate(**prompts, max_new_tokens=6, do_sample=False)
    assert torch.equal(broken, whole)


def test_a_compiler_sees_one_graph(tiny: Tiny) -> None:
    asks = tiny.model._has_unfinished_sequences
    # Version 4.46 asks for more, and answers from that while compiled.
    more = {"cur_len": 1, "max_length": 2} if "cur_len" in signature(asks).parameters else {}

    def step(x: torch.Tensor) -> torch.Tensor:
        x = x + 1
        unfinished = asks(False, False, device=x.device, **more)
        return x * 2 if unfinished else x

    torch.compiler.reset()
    compiled = torch.compile(step, backend="eager", fullgraph=True)
    assert torch.equal(compiled(torch.ones(2)), torch.full((2,), 4.0))


def test_the_kernels_of_a_sampled_call(
    tiny: Tiny, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = tiny.prompts("A model")
    plain = tiny.model.generate(**prompts, max_new_tokens=3, do_sample=False)
    recorded.spans()
    monkeypatch.setenv("AXONIZE_TORCH_PROFILE_EVERY", "1")
    forget_settings()
    try:
        profiled = tiny.model.generate(**prompts, max_new_tokens=3, do_sample=False)
        [span] = recorded.tree()
    finally:
        forget_settings()
    assert torch.equal(plain, profiled)
    assert [child["name"] for child in span["children"]] == ["prefill", "decode"]
    told = span["attributes"]
    names = [told.get(f"axonize.torch.kernel.{number}.name") for number in range(12)]
    assert "aten::mm" in names
    assert told["axonize.torch.kernels.device"] == "cpu"
    assert told["axonize.torch.kernels.total_ms"] == MEASURED
