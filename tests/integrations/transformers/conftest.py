"""A tiny model of this library's version, and the integration switched on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"

from transformers import AutoModelForCausalLM, AutoTokenizer, logging

from axonize import patching
from axonize.integrations.transformers import TRANSFORMERS
from tests.integrations.tiny_llama import save_tiny_llama

logging.disable_progress_bar()
logging.set_verbosity_error()


class Tiny(NamedTuple):
    model: Any
    tokenizer: Any

    def prompts(self, *texts: str) -> dict[str, Any]:
        """Return the arguments of generate for these prompts."""
        encoded = self.tokenizer(list(texts), return_tensors="pt", padding=True)
        return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"]}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    folder = save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")
    return Tiny(AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder))


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    patching.install(TRANSFORMERS)
    yield
    patching.uninstall(TRANSFORMERS)
