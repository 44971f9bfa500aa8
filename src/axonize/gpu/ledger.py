"""The books of one engine: what its GPUs did for its steps, and what they did for nobody."""

from __future__ import annotations

from typing import NamedTuple

from axonize.gpu.attribution import Account
from axonize.recording import Meter


class Charge(NamedTuple):
    """What belongs to a step, and what was idle since the charge before; None is not known.

    Times are of the engine in ns, energies of all its GPUs in uJ.
    """

    busy_ns: int
    energy_uj: int | None
    idle_ns: int
    idle_uj: int | None


class Ledger:
    """Everything since begin_ns is charged once: to a step, or as idle. Times are monotonic, in ns.

    A charge may come some time after what it is for, so steps and rests must come in order.
    """

    def __init__(self, meter: Meter | None, begin_ns: int) -> None:
        self._meter = meter
        self._time = Account(begin_ns)

    def charge(self, begin_ns: int, end_ns: int) -> Charge:
        """Charge a step; what two of them overlap in belongs to the one that ended first."""
        idle_before = self._time.idle
        busy_ns = self._time.charge(begin_ns, end_ns)
        energy_uj, idle_uj = self._energy(end_ns - busy_ns, end_ns)
        return Charge(busy_ns, energy_uj, self._time.idle - idle_before, idle_uj)

    def rest(self, until_ns: int) -> Charge:
        """Charge as idle what was not charged up to a moment; nothing when there is none."""
        return self.charge(until_ns, until_ns)

    def _energy(self, begin_ns: int, end_ns: int) -> tuple[int | None, int | None]:
        if self._meter is None:
            return None, None
        idle_before = self._meter.idle_uj
        charged = self._meter.charge(begin_ns, end_ns)
        return charged, None if charged is None else self._meter.idle_uj - idle_before
