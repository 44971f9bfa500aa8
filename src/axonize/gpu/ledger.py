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


_charge = Charge._make  # cheaper than a call of the class


class Ledger:
    """Everything since begin_ns is charged once: to a step, or as idle. Times are monotonic, in ns.

    A charge may come some time after what it is for, so steps and rests must come in order.
    """

    def __init__(self, meter: Meter | None, begin_ns: int) -> None:
        self._meter = meter
        self._time = Account(begin_ns)

    def charge(self, begin_ns: int, end_ns: int) -> Charge:
        """Charge a step; what two of them overlap in belongs to the one that ended first."""
        account, meter = self._time, self._meter
        idle_before = account.idle
        busy_ns = account.charge(begin_ns, end_ns)
        idle_ns = account.idle - idle_before
        if meter is None:
            return _charge((busy_ns, None, idle_ns, None))
        used_before = meter.idle_uj
        charged = meter.charge(end_ns - busy_ns, end_ns)
        idle_uj = None if charged is None else meter.idle_uj - used_before
        return _charge((busy_ns, charged, idle_ns, idle_uj))

    def rest(self, until_ns: int) -> Charge:
        """Charge as idle what was not charged up to a moment; nothing when there is none."""
        return self.charge(until_ns, until_ns)
