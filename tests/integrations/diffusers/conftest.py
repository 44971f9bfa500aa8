"""The integration switched on, and a model hub that nobody asks."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"

from axonize import patching
from axonize.integrations.diffusers import DIFFUSERS


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    patching.install(DIFFUSERS)
    yield
    patching.uninstall(DIFFUSERS)
