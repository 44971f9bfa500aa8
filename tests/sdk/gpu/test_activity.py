"""GPM: activity is the difference of two samples, of those who can tell."""

from __future__ import annotations

import pynvml

from axonize.gpu.activity import Activity
from tests.sdk.gpu.fake_nvml import NOT_SUPPORTED, State


def make_activity() -> Activity:
    pynvml.nvmlInit()
    return Activity(pynvml.nvmlDeviceGetHandleByIndex(0))


def test_two_samples_make_an_activity(gpus: State) -> None:
    activity = make_activity()
    assert activity.read() == {}
    assert activity.read() == {"sm_active": 0.7, "tensor_active": 0.4, "dram_active": 0.55}
    gpus.gpus[0].gpm_sm = 10
    assert activity.read()["sm_active"] == 0.1
    activity.close()


def test_a_card_that_cannot_tell_tells_nothing(gpus: State) -> None:
    gpus.gpus[0].gpm_sm = NOT_SUPPORTED
    activity = make_activity()
    calls = gpus.calls
    assert [activity.read(), activity.read(), gpus.calls] == [{}, {}, calls]
