"""The real parts of the whole path, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from axonize.demo.model import MODEL, make_model


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model") / MODEL)
