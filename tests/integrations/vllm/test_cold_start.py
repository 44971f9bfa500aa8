"""When this process was started, as the kernel tells it."""

from __future__ import annotations

import os

import psutil
import pytest

from axonize.integrations.vllm.cold_start import process_start_ns


def test_a_process_knows_when_it_was_started() -> None:
    started_s = psutil.Process(os.getpid()).create_time()
    assert process_start_ns() / 1e9 == pytest.approx(
        started_s, abs=2.0
    )  # psutil's clock has whole seconds
