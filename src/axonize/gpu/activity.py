"""How busy the parts of a GPU are, from Hopper on: NVML's GPM, the difference of two samples."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Any

import pynvml

METRICS = {
    "sm_active": pynvml.NVML_GPM_METRIC_SM_UTIL,
    "tensor_active": pynvml.NVML_GPM_METRIC_ANY_TENSOR_UTIL,
    "dram_active": pynvml.NVML_GPM_METRIC_DRAM_BW_UTIL,
}


class Activity:
    """The activity of a card, or of one GPU instance of it, since the previous read().

    A card that cannot tell is asked once only.
    """

    def __init__(self, card: Any, gpu_instance: int | None = None) -> None:
        self._card = card
        self._gpu_instance = gpu_instance
        self._supported = _is_supported(card)
        self._previous: Any = None
        self._spare: Any = None
        self._request: Any = None
        self.latest: dict[str, float] = {}

    def read(self) -> dict[str, float]:
        """Return name and share, 0 to 1, of what is told; nothing the first time."""
        self.latest = {}
        if self._supported:
            with contextlib.suppress(pynvml.NVMLError):
                self._advance()
        return self.latest

    def close(self) -> None:
        """Give the samples back."""
        for sample in filter(None, (self._previous, self._spare)):
            with contextlib.suppress(pynvml.NVMLError):
                pynvml.nvmlGpmSampleFree(sample)
        self._previous = self._spare = None

    def _advance(self) -> None:
        sample = self._spare or pynvml.nvmlGpmSampleAlloc()
        self._spare = sample
        if self._gpu_instance is None:
            pynvml.nvmlGpmSampleGet(self._card, sample)
        else:
            pynvml.nvmlGpmMigSampleGet(self._card, self._gpu_instance, sample)
        self._previous, self._spare = sample, self._previous
        if self._spare is not None:
            self.latest = self._compare(self._spare, sample)

    def _compare(self, before: Any, after: Any) -> dict[str, float]:
        request = self._request = self._request or _make_request()
        request.sample1, request.sample2 = before, after
        pynvml.nvmlGpmMetricsGet(request)
        return {
            name: min(max(metric.value / 100, 0.0), 1.0)
            for name, metric in zip(METRICS, request.metrics, strict=False)
            if metric.nvmlReturn == pynvml.NVML_SUCCESS
        }


def _is_supported(card: Any) -> bool:
    try:
        return bool(pynvml.nvmlGpmQueryDeviceSupport(card).isSupportedDevice)
    except pynvml.NVMLError:
        return False


def _make_request() -> Any:
    request = pynvml.c_nvmlGpmMetricsGet_t()
    ctypes.memset(ctypes.byref(request), 0, ctypes.sizeof(request))
    request.version, request.numMetrics = pynvml.NVML_GPM_METRICS_GET_VERSION, len(METRICS)
    for metric, number in zip(request.metrics, METRICS.values(), strict=False):
        metric.metricId = number
    return request
