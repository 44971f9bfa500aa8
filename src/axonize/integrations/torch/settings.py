"""Which modules have spans, as the environment says."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass

from axonize.config import load, setting

_logger = logging.getLogger("axonize")


@dataclass(frozen=True)
class TorchSettings:
    """Every setting of this integration."""

    torch_depth: int = setting(
        1,
        "Levels of modules that have spans: 1 is what the program calls, 2 the modules that it "
        "calls as well, 0 none.",
        minimum=0,
    )
    torch_modules: tuple[str, ...] = setting(
        (), "Classes of modules that have spans at any depth, written `Attention,MLP`."
    )
    torch_training: bool = setting(False, "Trace modules while gradients are recorded, too.")


def read_settings() -> TorchSettings:
    """Read the environment; a bad value is logged, and the default used."""
    return load(TorchSettings, {}, complain=_logger.warning)


def has_an_engine() -> bool:
    """Say whether the models of this process are vLLM's, whose steps and requests are traced."""
    return "vllm" in sys.modules
