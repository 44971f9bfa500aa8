"""The energy that GPUs use, at any moment: from the counter of each, else from its power."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from axonize.gpu.attribution import Account
from axonize.gpu.backend import DiscoveredGPU, Reading
from axonize.gpu.visible import find_gpu

MOST_READINGS = 1200  # some minutes
LONGEST_GUESS_NS = 10**9


class Metered(NamedTuple):
    """What a GPU told at a moment (monotonic ns); None is what it does not tell."""

    gpu: DiscoveredGPU
    reading: Reading
    millijoules: int | None
    time_ns: int


class Curve:
    """What a GPU has used since the first reading, in whole uJ; times are monotonic, in ns.

    Between two readings it grows evenly, and after the last one as before it. One thread notes,
    another asks.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a span may end in whatever is collected under it
        self._times: list[int] = []
        self._used: list[int] = []
        self._counter: int | None = None
        self._watts: float | None = None

    @property
    def has_counter(self) -> bool:
        """Whether it is from the GPU's counter, and not from its power."""
        return self._counter is not None

    def note(self, time_ns: int, millijoules: int | None, watts: float | None) -> None:
        """Go on to a reading; without the counter the power is integrated, by trapezoids."""
        gained = self._gained(time_ns, millijoules, watts)
        if gained is None or (self._times and time_ns <= self._times[-1]):
            return
        with self._lock:
            self._used.append((self._used[-1] if self._used else 0) + gained)
            self._times.append(time_ns)
            if len(self._times) > 2 * MOST_READINGS:
                del self._times[:MOST_READINGS], self._used[:MOST_READINGS]
            self._counter, self._watts = millijoules, watts

    def _gained(self, time_ns: int, millijoules: int | None, watts: float | None) -> int | None:
        if millijoules is not None:
            before = millijoules if self._counter is None else self._counter
            return max(0, millijoules - before) * 1000  # less than before: it was reset
        if watts is None or self._counter is not None:
            return None
        if self._watts is None or not self._times:
            return 0
        return max(0, round((watts + self._watts) / 2 * (time_ns - self._times[-1]) / 1000))

    def between(self, begin_ns: int, end_ns: int) -> tuple[int, int] | None:
        """Return what was used up to two moments; None when one of them is not known."""
        with self._lock:
            times, used = self._times, self._used
            if len(times) > 1 and times[-2] <= begin_ns and end_ns - times[-1] <= LONGEST_GUESS_NS:
                # A call is short: both moments lie where at() takes the last two readings.
                t0, u0 = times[-2], used[-2]
                took, gained = times[-1] - t0, used[-1] - u0
                return u0 + gained * (begin_ns - t0) // took, u0 + gained * (end_ns - t0) // took
        end = self.at(end_ns)
        begin = end if begin_ns == end_ns else self.at(begin_ns)
        return None if begin is None or end is None else (begin, end)

    def at(self, time_ns: int) -> int | None:
        """Return what was used up to a moment; None when that is not known."""
        with self._lock:
            times, used = self._times, self._used
            after = bisect_right(times, time_ns)
            if not after or len(times) < 2:
                return None
            if after == len(times):
                after -= 1
                if time_ns - times[after] > LONGEST_GUESS_NS:
                    return None
            t0, t1, u0, u1 = times[after - 1], times[after], used[after - 1], used[after]
        return u0 + (u1 - u0) * (time_ns - t0) // (t1 - t0)


class Meter:
    """Charges the energy of some GPUs to the steps that ran on all of them.

    labels: what the GPUs are called in this process. prices: US dollars an hour by a part of the
    model's name. The profiler's thread notes, the engine's asks.
    """

    def __init__(self, labels: Sequence[str], prices: Mapping[str, float]) -> None:
        self._labels = labels
        self._prices = prices
        self._gpus: list[DiscoveredGPU] = []
        self.usd_per_hour: float | None = None
        """What all its GPUs cost; None without a price for each."""
        self.parts: Mapping[str, float] = {}
        """Its GPUs and instances, each with its part of a card, 0 where that is not known."""
        self._curves: dict[str, Curve] = {}
        self._accounts: list[Account] = []  # of each curve
        self.source = "counter"
        """How the energy is had: "counter", "power", or "estimated" where a MIG instance is."""
        self.idle_uj = 0
        """What its GPUs used since the first reading and no step was charged."""

    def find(self, known: Sequence[DiscoveredGPU], visible_devices: str | None) -> None:
        """Look for its GPUs among those of the machine; nothing while one of them is missing."""
        found = [find_gpu(label, known, visible_devices) for label in self._labels]
        if self._gpus or not all(found):
            return
        self._gpus = [gpu for gpu in found if gpu is not None]
        curves = {gpu.uuid: Curve() for gpu in self._gpus}
        self._accounts = [Account(0) for _ in curves]
        self._curves = curves
        self.usd_per_hour = self._price_all()
        self.parts = {gpu.uuid: _part(gpu) or 0.0 for gpu in self._gpus}

    def note(self, metered: Sequence[Metered], visible_devices: str | None) -> None:
        """Take a reading of every GPU of the machine; nothing while one of its own is missing."""
        if not self._gpus:
            self.find([each.gpu for each in metered], visible_devices)
        for gpu, reading, millijoules, time_ns in metered:
            if gpu.uuid in self._curves:
                self._curves[gpu.uuid].note(time_ns, millijoules, reading.power_watts)
        self.source = self._find_source()

    def charge(self, begin_ns: int, end_ns: int) -> int | None:
        """Return the uJ of a step (monotonic ns), None when unknown; steps come as they end."""
        if len(self._accounts) == 1:  # as a call has it
            for curve in self._curves.values():
                used = curve.between(begin_ns, end_ns)
                return None if used is None else self._charge(self._accounts[0], *used)
        all_used = [curve.between(begin_ns, end_ns) for curve in self._curves.values()]
        if not all_used or None in all_used:
            return None
        pairs = zip(self._accounts, filter(None, all_used), strict=True)
        return sum([self._charge(account, *used) for account, used in pairs])

    def _charge(self, account: Account, begin: int, end: int) -> int:
        before = account.idle
        charged = account.charge(begin, end)
        self.idle_uj += account.idle - before
        return charged

    def _find_source(self) -> str:
        if any(gpu.mig is not None for gpu in self._gpus):
            return "estimated"
        return "counter" if all(each.has_counter for each in self._curves.values()) else "power"

    def _price_all(self) -> float | None:
        prices = [_price(gpu, self._prices) for gpu in self._gpus]
        return sum(filter(None, prices)) if prices and None not in prices else None


def _price(gpu: DiscoveredGPU, prices: Mapping[str, float]) -> float | None:
    """Return the price under the longest name that the model's contains; by SM share for MIG."""
    model = gpu.model.lower()
    names = [name for name in prices if name.lower() in model]
    share = _part(gpu)
    if not names or share is None:
        return None
    return prices[max(names, key=len)] * share


def _part(gpu: DiscoveredGPU) -> float | None:
    """Return how much of its card a GPU is, by multiprocessors."""
    return 1.0 if gpu.mig is None else gpu.mig.sm_share
