"""A batch in vLLM. Nothing here knows of Axonize: axonize-instrument traces it.

One of the prompts is long, so the trace of a short one shows what it waited for.
"""

from __future__ import annotations

import sys

from vllm import LLM, SamplingParams

LONG = "The queue is where most of the time is lost. " * 10
PROMPTS = [LONG, *(f"Question {number}: why was it slow?" for number in range(8))]


def main(name: str) -> None:
    llm = LLM(model=name, max_model_len=256, enforce_eager=True)
    for output in llm.generate(PROMPTS, SamplingParams(temperature=0, max_tokens=16)):
        print(output.request_id, repr(output.outputs[0].text[:40]))


if __name__ == "__main__":
    main(sys.argv[1])
