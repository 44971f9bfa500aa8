"""An offline program that knows nothing of Axonize: work, a rest, work, and a wait for a line.

python -m tests.integrations.vllm.costly_program MODEL
"""

from __future__ import annotations

import sys
import time

from vllm import LLM, SamplingParams

FOX = "The quick brown fox jumps over the lazy dog. "
REQUESTS = 4  # each time


def main() -> None:
    llm = LLM(sys.argv[1], dtype="float32", enforce_eager=True, max_model_len=256)
    greedy = SamplingParams(temperature=0, max_tokens=12, ignore_eos=True)
    for _ in range(2):
        llm.generate([FOX * (1 + number) for number in range(REQUESTS)], greedy)
        time.sleep(1)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
