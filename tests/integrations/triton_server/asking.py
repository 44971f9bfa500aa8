"""What clients ask the models for."""

from __future__ import annotations

from typing import Any

import numpy as np


def number(client: Any, value: float = 1.0) -> list[Any]:
    """Return the input of a model, of the classes of `tritonclient.grpc` or `.http`."""
    given = client.InferInput("X", [1, 4], "FP32")
    given.set_data_from_numpy(np.full((1, 4), value, np.float32))
    return [given]


def answer(result: Any) -> list[float]:
    answered: list[float] = result.as_numpy("Y")[0].tolist()
    return answered
