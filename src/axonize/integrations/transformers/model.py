"""What a model says of itself: its name, its class, where it lies."""

from __future__ import annotations

from typing import Any

from axonize import recording, semconv
from axonize.naming import name_of


def describe(model: Any) -> dict[str, Any]:
    """Return the attributes that are the same for every call of this model."""
    return {
        semconv.GEN_AI_OPERATION_NAME: operation(model),
        semconv.GEN_AI_PROVIDER_NAME: "huggingface",
        semconv.GEN_AI_REQUEST_MODEL: model_name(model),
        semconv.MODEL_CLASS: type(model).__name__,
        semconv.MODEL_TYPE: getattr(_config(model), "model_type", None),
        semconv.MODEL_DTYPE: str(getattr(model, "dtype", "")).removeprefix("torch.") or None,
        semconv.DEVICE: str(getattr(model, "device", "")) or None,
    }


def gpu_labels(model: Any) -> list[str]:
    """Return the GPUs it lies on, such as cuda:0; more than one when it is spread out.

    Those of the setting engine_gpus, when there are such.
    """
    if recording.engine_gpus:
        return list(recording.engine_gpus)
    spread = getattr(model, "hf_device_map", None) or {"": getattr(model, "device", "")}
    places = {
        f"cuda:{place}" if isinstance(place, int) else str(place) for place in spread.values()
    }
    return sorted(place for place in places if place.startswith(("cuda", "mps")))


def operation(model: Any) -> str:
    """Return the GenAI operation: text_completion unless the model makes no text."""
    makes_text = "text" in getattr(model, "output_modalities", ("text",))
    return "text_completion" if makes_text else "generate_content"


def makes_tokens_of_input(model: Any) -> bool:
    """Say whether what it reads is counted in tokens; false for an encoder of images or sound."""
    encodes = getattr(_config(model), "is_encoder_decoder", False)
    return not encodes or getattr(model, "main_input_name", "input_ids") == "input_ids"


def model_name(model: Any) -> str:
    """Return the name it was loaded by, without the folders of this machine."""
    config = _config(model)
    loaded_by = getattr(config, "_name_or_path", None)
    if not loaded_by:
        return getattr(config, "model_type", None) or type(model).__name__
    return name_of(loaded_by)


def _config(model: Any) -> Any:
    return getattr(model, "config", None)
