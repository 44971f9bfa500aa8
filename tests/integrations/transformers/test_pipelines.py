"""The spans of a real pipeline, and the same result as without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image
from transformers import (
    BertConfig,
    BertModel,
    ViTConfig,
    ViTForImageClassification,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForSequenceClassification,
    pipeline,
)
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from axonize import guard, patching
from axonize.integrations.transformers import TRANSFORMERS, pipelines
from tests.integrations.conftest import Recorded
from tests.integrations.tiny_llama import tokenizer
from tests.integrations.transformers.conftest import Tiny

SMALL = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}
GENERATE = ("text_completion tiny-llama", ["prefill", "decode"])


@pytest.fixture
def generator(tiny: Tiny) -> Any:
    return pipeline("text-generation", model=tiny.model, tokenizer=tiny.tokenizer, device="cpu")


def test_one_input_shows_its_phases(generator: Any, recorded: Recorded) -> None:
    generator("The quick brown fox", max_new_tokens=3)
    [span] = recorded.tree()
    phases = span.pop("children")
    assert span == {
        "name": "pipeline text-generation",
        "attributes": {
            "axonize.pipeline.task": "text-generation",
            "axonize.pipeline.class": "TextGenerationPipeline",
            "axonize.pipeline.inputs": 1,
            "axonize.batch_size": 1,
            "gen_ai.request.model": "tiny-llama",
            "axonize.device": "cpu",
        },
    }
    assert [phase["name"] for phase in phases] == ["preprocess", "forward", "postprocess"]
    assert [child["name"] for child in phases[1]["children"]] == ["text_completion tiny-llama"]


def test_a_list_shows_one_forward_for_each_batch(generator: Any, recorded: Recorded) -> None:
    generator(["The quick", "A model", "Every"], max_new_tokens=3, batch_size=2)
    [span] = recorded.tree()
    assert span["attributes"]["axonize.pipeline.inputs"] == 3
    assert span["attributes"]["axonize.batch_size"] == 2
    assert [child["name"] for child in span["children"]] == ["forward", "forward"]


def test_a_chat_is_one_input(generator: Any, recorded: Recorded) -> None:
    generator([{"role": "user", "content": "why?"}], max_new_tokens=3)
    assert recorded.outline() == [
        ("pipeline text-generation", ["preprocess", ("forward", [GENERATE]), "postprocess"])
    ]


def test_what_is_read_one_by_one_is_worked_on_later(generator: Any, recorded: Recorded) -> None:
    results = generator((text for text in ("The quick", "A model")), max_new_tokens=3)
    assert recorded.outline() == ["pipeline text-generation"]
    assert len(list(results)) == 2
    assert recorded.outline() == [("forward", [GENERATE]), ("forward", [GENERATE])]


def test_an_error_in_preprocess_is_told(generator: Any, recorded: Recorded) -> None:
    with pytest.raises((TypeError, ValueError)) as raised:
        generator(12, max_new_tokens=3)
    [span] = recorded.tree()
    assert span["status"] == ("error", f"{raised.type.__name__}: {raised.value}")
    assert span["children"] == [{"name": "preprocess", "status": "error"}]


def test_the_result_is_the_same_with_without_and_with_a_broken_observer(
    generator: Any, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> None:
        raise AttributeError("not in this version")

    def result() -> Any:
        return generator(["The quick", "A model"], max_new_tokens=4, do_sample=False)

    traced = result()
    guard.set_strict(False)
    monkeypatch.setattr(pipelines, "Span", breaks)
    assert result() == traced
    assert generator("The quick", max_new_tokens=4, do_sample=False) == traced[0]
    patching.uninstall(TRANSFORMERS)
    assert result() == traced


def encoder(task: str) -> Any:
    """Return a pipeline of a random encoder of text, or of images."""
    if task == "feature-extraction":
        words = tokenizer()
        config: Any = BertConfig(vocab_size=len(words), **SMALL)
        return pipeline(task, model=BertModel(config), tokenizer=words, device="cpu")
    processor = ViTImageProcessorPil(size={"height": 16, "width": 16})
    config = ViTConfig(image_size=16, patch_size=8, **SMALL)
    model = ViTForImageClassification(config)
    return pipeline(task, model=model, image_processor=processor, device="cpu")


@pytest.mark.parametrize(
    ("task", "given"),
    [
        ("feature-extraction", "The quick brown fox"),
        ("image-classification", Image.new("RGB", (20, 20), "red")),
    ],
)
def test_encoders_of_text_and_of_images(task: str, given: Any, recorded: Recorded) -> None:
    encode = encoder(task)
    encode(given)
    assert recorded.outline() == [(f"pipeline {task}", ["preprocess", "forward", "postprocess"])]


def test_an_encoder_of_sound(recorded: Recorded) -> None:
    config = Wav2Vec2Config(
        conv_dim=(8, 8), conv_stride=(5, 5), conv_kernel=(10, 8), num_feat_extract_layers=2, **SMALL
    )
    model = Wav2Vec2ForSequenceClassification(config)
    listen = pipeline(
        "audio-classification", model=model, feature_extractor=Wav2Vec2FeatureExtractor()
    )
    listen(np.zeros(4000, np.float32))
    phases = ["preprocess", "forward", "postprocess"]
    assert recorded.outline() == [("pipeline audio-classification", phases)]
