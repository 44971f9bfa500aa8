"""The real pynvml on a library whose GPUs are numbers in a file."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from tests.sdk.gpu.fake_nvml import COMPILER, State, compile_library, make_state


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if COMPILER is None:
        pytest.skip("there is no C compiler to build the library with")
    return compile_library(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def gpus(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    """Two H100 in this process: once loaded, the loader gives the library out by its name."""
    ctypes.CDLL(str(library))
    path = tmp_path / "gpus"
    state = make_state(path)
    monkeypatch.setenv("FAKE_NVML", str(path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return state
