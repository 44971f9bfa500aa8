"""How long a model takes to load: its configuration, its weights, and their way to a device."""

from __future__ import annotations

from axonize import semconv
from axonize.integrations.transformers.model import describe, gpu_labels
from axonize.naming import name_of
from axonize.patching import Call, Observer
from axonize.recording import load_gpus
from axonize.speed import Span


def load(call: Call) -> Observer:
    """Follow PreTrainedModel.from_pretrained."""
    name = name_of(str(call.argument("pretrained_model_name_or_path", default="")))
    attributes = {semconv.GEN_AI_REQUEST_MODEL: name, semconv.SETUP: True}
    with Span(f"load {name}", attributes) as span:
        model = yield
        model = model[0] if isinstance(model, tuple) else model  # with what was loaded
        about = {**describe(model), semconv.GEN_AI_OPERATION_NAME: None}
        span.set_attributes({**about, semconv.TORCH_PARAMETERS: model.num_parameters()})
        load_gpus(span, gpu_labels(model))
