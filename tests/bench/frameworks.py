"""What one unit of work costs in each framework: a token, a call, a launch, a step.

Run as `python -m tests.bench.frameworks [pairs]`. Each row is the same work with and without, in
turn, in the CPU time of its thread, so that other processes on the machine count little.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from diffusers import DDPMScheduler, DiffusionPipeline
from transformers import ContinuousBatchingConfig, GenerationConfig, LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

from axonize import patching, speed
from axonize.integrations.diffusers import DIFFUSERS
from axonize.integrations.torch import TORCH
from axonize.integrations.transformers import TRANSFORMERS
from axonize.integrations.triton_kernels import TRITON_KERNELS
from axonize.patching import Integration
from tests.integrations.triton_kernels.device import made_up_device
from tests.integrations.triton_kernels.kernels import adding, arguments

TOKENS, CALLS, STEPS = 32, 2000, 1000
WARM = 2
BUFFER = speed.RingBuffer(1_000_000)
Work = Callable[[], Any]


class Row(NamedTuple):
    """One unit of work: what it is, whose, how many one run has, and the clock for it."""

    unit: str
    integration: Integration
    count: int
    work: Work
    clock: Callable[[], float] = time.thread_time


def measure(row: Row, pairs: int) -> str:
    plain, ratios, added = [], [], []
    for number in range(pairs + WARM):
        times = {}
        for traced in (number % 2 == 0, number % 2 == 1):
            if traced:
                patching.install(row.integration)
            began = row.clock()
            row.work()
            times[traced] = row.clock() - began
            patching.uninstall(row.integration)
            BUFFER.clear()
        if number >= WARM:
            plain.append(times[False] / row.count * 1e6)
            added.append((times[True] - times[False]) / row.count * 1e6)
            ratios.append(times[False] / times[True])
    median = statistics.median
    return f"| {row.unit} | {median(plain):.2f} | {median(added):.2f} | {median(ratios):.4f} |"


def model() -> Any:
    """Return a Llama of 20 million parameters."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=8000,
        hidden_size=384,
        intermediate_size=1024,
        num_hidden_layers=8,
        num_attention_heads=6,
        num_key_value_heads=6,
        max_position_embeddings=512,
    )
    return LlamaForCausalLM(config).eval()


def generating(llama: Any) -> Work:
    ids = torch.tensor([[5, 6, 7, 8]])
    asked = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS, "do_sample": False}
    return lambda: llama.generate(ids, attention_mask=torch.ones_like(ids), **asked)


def batching(llama: Any) -> Work:
    """Eight requests together: as many steps as each has tokens."""
    asked = GenerationConfig(max_new_tokens=TOKENS, do_sample=False, eos_token_id=-1)
    bounded = ContinuousBatchingConfig(num_blocks=32, max_batch_tokens=64)
    prompts = [[5 + each, 6, 7] for each in range(8)]
    return lambda: llama.generate_batch(
        prompts, generation_config=asked, continuous_batching_config=bounded
    )


def calling(module: torch.nn.Module) -> Work:
    numbers = torch.ones(1, 64)

    def work() -> None:
        with torch.no_grad():
            for _ in range(CALLS):
                module(numbers)

    return work


def launching() -> Work:
    """Launch a kernel on a device that does nothing, so that all the time is the host's."""
    kernel, given = adding()[(4,)], arguments()

    def work() -> None:
        with speed.Span("current"):
            for _ in range(CALLS):
                kernel(*given, BLOCK=32)

    work()
    return work


class _Idle(DDPMScheduler):  # type: ignore[misc]
    def step(self, *_: Any, **__: Any) -> None: ...


class _Pipeline(DiffusionPipeline):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.register_modules(scheduler=_Idle())

    def __call__(self, num_inference_steps: int = STEPS) -> tuple[Any, ...]:
        for _ in range(num_inference_steps):
            self.scheduler.step(None, 1, None)
        return ([],)


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    speed.configure(BUFFER)
    llama, pipeline = model(), _Pipeline()
    core, parameters = "C" if speed.USING_C else "Python", llama.num_parameters() / 1e6
    print(f"core in {core}; {parameters:.1f} M parameters")
    with ExitStack() as stack:
        rows = [
            Row("token of generate, 20 M parameters", TRANSFORMERS, TOKENS, generating(llama)),
            Row(
                "step of continuous batching, 8 requests",
                TRANSFORMERS,
                TOKENS,
                batching(llama),
                time.process_time,
            ),
            Row("module call, no parameters", TORCH, CALLS, calling(torch.nn.Identity())),
            Row("module call, with parameters", TORCH, CALLS, calling(torch.nn.Linear(64, 64))),
            Row(
                "call of a diffusers pipeline",
                DIFFUSERS,
                100,
                lambda: [pipeline(0) for _ in range(100)],
            ),
            Row("step of a diffusers pipeline", DIFFUSERS, STEPS, pipeline),
        ]
        stack.enter_context(made_up_device())
        rows.append(Row("Triton kernel launch", TRITON_KERNELS, CALLS, launching()))
        print("| unit | us plain | us added | throughput, traced / plain |\n|---|---:|---:|---:|")
        for row in rows:
            print(measure(row, pairs), flush=True)


if __name__ == "__main__":
    main()
