"""Generate with Transformers. Nothing here knows of Axonize: axonize-instrument traces it."""

from __future__ import annotations

import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = ("Why was it slow?", "Who shared the batch?")


def main(name: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(name, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(name)
    with torch.inference_mode():
        for prompt in PROMPTS:
            inputs = tokenizer(prompt, return_tensors="pt")
            output = model.generate(**inputs, max_new_tokens=24, do_sample=False)
            print(prompt, "->", tokenizer.decode(output[0], skip_special_tokens=True)[-40:])


if __name__ == "__main__":
    main(sys.argv[1])
