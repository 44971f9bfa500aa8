"""One use of the library, for the checks that every integration has to pass."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
import transformers.cli.serving.utils  # of the server, which nothing else imports
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    ContinuousBatchingConfig,
    GenerationConfig,
    pipeline,
)

from tests.integrations.tiny_llama import save_tiny_llama


def example() -> list[Any]:
    """Return what the library answers, the same each time."""
    with tempfile.TemporaryDirectory() as folder:
        path = save_tiny_llama(Path(folder) / "tiny-llama")
        model = AutoModelForCausalLM.from_pretrained(path)
        generator = pipeline(
            "text-generation",
            model=model,
            tokenizer=AutoTokenizer.from_pretrained(path),
            device="cpu",
        )
    ids = torch.tensor([[5, 6, 7]])
    beams = model.generate(ids, num_beams=2, max_new_tokens=4, do_sample=False)
    assisted = model.generate(ids, prompt_lookup_num_tokens=2, max_new_tokens=4, do_sample=False)
    said = generator("The quick brown fox", max_new_tokens=4, do_sample=False)
    batched = model.generate_batch(
        [[5, 6, 7], [8, 9]],
        generation_config=GenerationConfig(max_new_tokens=4, do_sample=False, eos_token_id=-1),
        continuous_batching_config=ContinuousBatchingConfig(num_blocks=16, max_batch_tokens=32),
    )
    together = [each.generated_tokens for each in batched.values()]
    thread = transformers.cli.serving.utils.InferenceThread()
    alone = thread.submit(model.generate, ids, max_new_tokens=4, do_sample=False).result()
    return [beams.tolist(), assisted.tolist(), said, together, alone.tolist()]
