"""Stands in for the few functions of CUDA that are called, where there is no device."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from axonize.device import captures


class Stream:
    """Work that is done only when it is told to; each piece takes a millisecond."""

    def __init__(self) -> None:
        self.queued = self.done = 0

    def work(self, pieces: int = 1) -> None:
        self.queued += pieces

    def catch_up(self) -> None:
        self.done = self.queued


class Event:
    """What torch.cuda.Event does of what is used."""

    made = 0

    def __init__(self, *, enable_timing: bool) -> None:
        assert enable_timing
        Event.made += 1

    def record(self, stream: Stream) -> None:
        self._stream, self.place = stream, stream.queued

    def query(self) -> bool:
        return self._stream.done >= self.place

    def elapsed_time(self, end: Event) -> float:
        assert self.query()
        assert end.query()
        return float(end.place - self.place)


class Cuda:
    """One device: its stream, its allocator's counters, the mode of its threads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stream = Stream()
        self.capturing = False
        self.readings = 0
        self.allocated = {"current": 0, "peak": 0}
        self.reserved = {"current": 0, "peak": 0}
        self.modes: list[int] = []
        self._mode = 0
        for name, value in {
            "Event": Event,
            "current_stream": lambda _: self.stream,
            "is_current_stream_capturing": lambda: self.capturing,
            "is_initialized": lambda: True,
            "memory_stats_as_nested_dict": self._stats,
            "memory_summary": lambda _, *, abbreviated: "79 GiB in use " * 1000,
        }.items():
            monkeypatch.setattr(torch.cuda, name, value)
        monkeypatch.setattr(captures, "exchange", lambda: self._exchange)
        monkeypatch.setattr("axonize.device.timing.exchange", lambda: self._exchange)

    def allocate(self, size: int) -> None:
        for counter in (self.allocated, self.reserved):
            counter["current"] += size
            counter["peak"] = max(counter.values())

    def free(self, size: int) -> None:
        self.allocated["current"] -= size

    def _stats(self, _: Any) -> Any:
        self.readings += 1
        return {
            "allocated_bytes": {"all": dict(self.allocated)},
            "reserved_bytes": {"all": dict(self.reserved)},
        }

    def _exchange(self, mode: Any) -> int:
        holder = mode._obj
        self._mode, holder.value = holder.value, self._mode
        self.modes.append(self._mode)
        return 0


DEVICE = SimpleNamespace(type="cuda", index=0)
