"""An offline program that knows nothing of Axonize: several engines, one after the other.

    python -m tests.integrations.vllm.program MODEL ADAPTER OUTPUT

Writes what each engine answered, as JSON, so that runs can be compared.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vllm import LLM, SamplingParams
from vllm.lora.request import LoRARequest

FORK = multiprocessing.get_context("fork")
FOX = "The quick brown fox jumps over the lazy dog. "
RECORDING = "tests.integrations.vllm.recording_scheduler.RecordingScheduler"


def greedy(tokens: int, **more: Any) -> SamplingParams:
    return SamplingParams(temperature=0, max_tokens=tokens, ignore_eos=True, **more)


def token_ids(outputs: Any) -> list[list[list[int]]]:
    return [[list(answer.token_ids) for answer in output.outputs] for output in outputs]


def many(model: str) -> Any:
    """64 prompts that begin alike, in batches of 16 with prompts read in chunks."""
    llm = engine(model, max_num_seqs=16, max_num_batched_tokens=96, scheduler_cls=RECORDING)
    outputs = llm.generate([FOX * (1 + i % 9) + str(i) for i in range(64)], greedy(12))
    choices = llm.generate(FOX, SamplingParams(n=3, max_tokens=6, ignore_eos=True))
    chat = llm.chat([{"role": "user", "content": "Why was it slow?"}], greedy(5))
    return [token_ids(outputs), len(choices[0].outputs), token_ids(chat)]


def preempted(model: str) -> Any:
    """A cache of 7 blocks of 128 tokens for 6 requests that want 2 each."""
    llm = engine(model, num_gpu_blocks_override=8, max_num_seqs=6, enable_prefix_caching=False)
    prompts = [FOX * 6 + str(i) for i in range(6)]
    return token_ids(llm.generate(prompts, greedy(60)))


def speculative(model: str) -> Any:
    """Tokens proposed from the prompt itself."""
    proposals = {
        "method": "ngram",
        "num_speculative_tokens": 3,
        "prompt_lookup_max": 3,
        "prompt_lookup_min": 1,
    }
    llm = engine(model, speculative_config=proposals)
    return token_ids(llm.generate([FOX * 3, FOX * 2], greedy(40)))


def embedded(model: str) -> Any:
    """A model that answers with vectors."""
    llm = engine(model, runner="pooling")
    return [len(output.outputs.embedding) for output in llm.embed([FOX, FOX * 2, "dog"])]


def adapted(model: str, adapter: str) -> Any:
    """A request to an adapter beside one to the model."""
    llm = engine(model, enable_lora=True, max_lora_rank=8)
    adapter_request = LoRARequest("pirate", 1, adapter)
    return token_ids(llm.generate([FOX, FOX], greedy(4), lora_request=[adapter_request, None]))


def engine(model: str, **more: Any) -> LLM:
    return LLM(model, dtype="float32", enforce_eager=True, max_model_len=256, **more)


def main() -> None:
    model, adapter, output = sys.argv[1:]
    parts: dict[str, Callable[[], Any]] = {
        "many": lambda: many(model),
        "preempted": lambda: preempted(model),
        "speculative": lambda: speculative(model),
        "embedded": lambda: embedded(model),
        "adapted": lambda: adapted(model, adapter),
    }
    answers = {name: in_a_process(part) for name, part in parts.items()}
    Path(output).write_text(json.dumps(answers))


def in_a_process(part: Callable[[], Any]) -> Any:
    """Run an engine in a fork of this process: vLLM is imported once and holds one engine each."""
    here, there = FORK.Pipe()
    process = FORK.Process(target=lambda: there.send(part()))
    process.start()
    answer = here.recv() if here.poll(300) else None
    process.join()
    return answer


if __name__ == "__main__":
    main()
