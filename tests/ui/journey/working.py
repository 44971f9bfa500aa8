"""A job that knows nothing of Axonize: text by generate() and in one batch, a picture, a module.

python -m tests.ui.journey.working FOLDER_OF_A_LLAMA FOLDER_OF_A_PIPELINE
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch
from diffusers import DiffusionPipeline
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    ContinuousBatchingConfig,
    GenerationConfig,
)

PROMPTS = [[5, 6, 7], [8, 9], [10, 11, 12, 13]]
NEW_TOKENS = 24


def write(path: str) -> dict[str, Any]:
    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(path),
        AutoTokenizer.from_pretrained(path),
    )
    given = tokenizer(["The quick brown fox"], return_tensors="pt")
    ids = given["input_ids"]
    said = model.generate(ids, max_new_tokens=NEW_TOKENS, do_sample=False, eos_token_id=-1)
    batched = model.generate_batch(
        PROMPTS,
        generation_config=GenerationConfig(
            max_new_tokens=NEW_TOKENS, do_sample=False, eos_token_id=-1, pad_token_id=1
        ),
        continuous_batching_config=ContinuousBatchingConfig(num_blocks=16, max_batch_tokens=32),
    )
    return {
        "prompt": ids.shape[1],
        "generated": said.shape[1] - ids.shape[1],
        "batched": [len(each.generated_tokens) for each in batched.values()],
    }


def draw(path: str) -> list[int]:
    pipeline = DiffusionPipeline.from_pretrained(path, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    return list(pipeline("The fox", output_type="np", num_inference_steps=3).images.shape)


def score() -> list[int]:
    layers = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    with torch.no_grad():
        return list(layers.eval()(torch.ones(3, 8)).shape)


if __name__ == "__main__":
    llama, pipeline = sys.argv[1:]
    print(json.dumps({"text": write(llama), "image": draw(pipeline), "scores": score()}))
