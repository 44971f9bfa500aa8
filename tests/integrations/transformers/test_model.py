"""Names of models, without the folders of the machine."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from axonize.integrations.transformers.model import (
    describe,
    gpu_labels,
    makes_tokens_of_input,
    model_name,
)


@pytest.mark.parametrize(
    ("loaded_by", "name"),
    [
        ("gpt2", "gpt2"),
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("/home/someone/models/mine", "mine"),
        ("./mine", "mine"),
        ("/cache/hub/models--org--name/snapshots/0123abcd", "org/name"),
        ("", "llama"),
    ],
)
def test_the_name_a_model_was_loaded_by(loaded_by: str, name: str) -> None:
    config = SimpleNamespace(_name_or_path=loaded_by, model_type="llama")
    assert model_name(SimpleNamespace(config=config)) == name


def test_a_model_without_a_config_has_its_class_for_a_name() -> None:
    assert model_name(object()) == "object"
    assert describe(object())["gen_ai.request.model"] == "object"


def test_speech_is_no_text_completion() -> None:
    model = SimpleNamespace(output_modalities=("audio",))
    assert describe(model)["gen_ai.operation.name"] == "generate_content"


def test_an_encoder_of_images_reads_no_tokens() -> None:
    encoder = SimpleNamespace(is_encoder_decoder=True)
    assert makes_tokens_of_input(SimpleNamespace(config=encoder, main_input_name="input_ids"))
    assert not makes_tokens_of_input(
        SimpleNamespace(config=encoder, main_input_name="pixel_values")
    )


def test_the_gpus_a_model_lies_on() -> None:
    assert gpu_labels(SimpleNamespace(device="cuda:1")) == ["cuda:1"]
    assert gpu_labels(SimpleNamespace(device="cpu")) == []
    spread = {"model.embed": 0, "model.layers.0": "cuda:1", "lm_head": "cpu", "norm": 0}
    assert gpu_labels(SimpleNamespace(device="cuda:0", hf_device_map=spread)) == [
        "cuda:0",
        "cuda:1",
    ]
