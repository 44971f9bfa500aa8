"""Generates with a tiny model: one call after the other, several at once, one inside another."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline

import axonize

CALLS = 9
PROMPT = "The quick brown fox"


def run(path: str) -> None:
    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(path),
        AutoTokenizer.from_pretrained(path),
    )
    time.sleep(2.0)  # the counter of energy was read by then
    with axonize.span("serve") as span:
        span.set_gpus(["cuda:0"])
        generate(model, tokenizer)
        pipeline("text-generation", model=model, tokenizer=tokenizer, device="cpu")(PROMPT)
    for _ in range(4):
        generate(model, tokenizer)
        time.sleep(0.1)
    threads = [threading.Thread(target=generate, args=(model, tokenizer)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.5)


def generate(model: Any, tokenizer: Any) -> None:
    encoded = tokenizer([PROMPT], return_tensors="pt")
    arguments = {name: encoded[name] for name in ("input_ids", "attention_mask")}
    model.generate(**arguments, max_new_tokens=24, do_sample=False)


if __name__ == "__main__":
    run(sys.argv[1])
