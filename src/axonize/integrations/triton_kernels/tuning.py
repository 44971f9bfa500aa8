"""A span for each time that @triton.autotune tries configurations, and how long each took."""

from __future__ import annotations

import math
import weakref
from typing import Any

from axonize import semconv
from axonize.patching import Call, Observer
from axonize.recording import record_failure
from axonize.speed import Span, current_span


class _Tuning:
    """The configurations that are left to try; its span begins with the first that is tried."""

    def __init__(self, name: str, count: int) -> None:
        self.left = count
        self.best: tuple[float, str] = (math.inf, "")
        self.span = Span(f"autotune {name}", {semconv.TRITON_CONFIGS: count, semconv.SETUP: True})

    def tried(self, config: str, took_ms: float) -> None:
        attributes: dict[str, Any] = {semconv.TRITON_CONFIG: config}
        if math.isfinite(took_ms):  # it is infinite where the kernel does not fit the device
            attributes[semconv.TRITON_CONFIG_MS] = took_ms
        self.span.add_event("config", attributes)
        self.best = min(self.best, (took_ms, config))

    def end(self) -> None:
        if self.best[1]:
            self.span.set_attribute(semconv.TRITON_CONFIG, self.best[1])
            self.span.set_attribute(semconv.TRITON_CONFIG_MS, self.best[0])
        self.span.end()


_counts: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
_tunings: weakref.WeakKeyDictionary[Any, _Tuning] = weakref.WeakKeyDictionary()


def pruned(call: Call) -> Observer:
    """Learn how many configurations there are to try; it may be that none is, then."""
    configs = yield
    _tunings.pop(call.instance, None)
    _counts[call.instance] = len(configs)


def benchmarked(call: Call) -> Observer:
    """Follow the trial of one configuration, whose launches count as the tuning's."""
    tuner = call.instance
    tuning = _tunings.get(tuner) or _begin(tuner)
    outside = current_span.set(tuning.span)
    try:
        timings = yield
    except BaseException as error:
        record_failure(tuning.span, error)
        tuning.left = 0
        raise
    else:
        took_ms = timings[0] if isinstance(timings, (list, tuple)) else timings
        tuning.tried(str(call.argument("config")), float(took_ms))
        tuning.left -= 1
    finally:
        current_span.reset(outside)
        if tuning.left <= 0:
            _tunings.pop(tuner, None)
            tuning.end()


def _begin(tuner: Any) -> _Tuning:
    tuning = _tunings[tuner] = _Tuning(tuner.base_fn.__name__, _counts.get(tuner, 1))
    return tuning
