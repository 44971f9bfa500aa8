"""What is asked of devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from axonize.config import render_table
from axonize.device.settings import DeviceSettings, forget_settings, settings


def test_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings() == DeviceSettings()
    monkeypatch.setenv("AXONIZE_TORCH_CUDA_TIME", "false")
    assert settings().torch_cuda_time
    forget_settings()
    assert not settings().torch_cuda_time


def test_the_page_lists_the_settings() -> None:
    assert render_table(DeviceSettings) in Path("docs/integrations/torch.md").read_text()
