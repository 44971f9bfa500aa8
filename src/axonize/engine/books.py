"""What an engine's records say of its GPUs: what a step was charged, and what nobody was."""

from __future__ import annotations

from typing import Any

from axonize.engine import names
from axonize.gpu.ledger import Charge, Ledger
from axonize.recording import Meter


class Books:
    """The ledger of one engine, and what it charges as attributes of a record.

    Whoever records from more than one thread holds a lock.
    """

    def __init__(self, gpu_count: int, meter: Meter | None, began: int) -> None:
        self._gpu_count = gpu_count
        self._meter = meter
        self._ledger = Ledger(meter, began)
        self._gpus: dict[str, Any] = {}  # which they are, as soon as that is known
        self.left = 0
        """Requests that left since the last record."""

    def charge(self, begin: int, end: int) -> Charge:
        """Charge a step, by the monotonic clock in ns; they come in the order of their ends."""
        return self._ledger.charge(begin, end)

    def rest(self, until: int) -> Charge:
        """Charge as idle what was not charged up to a moment, monotonic ns."""
        return self._ledger.rest(until)

    def attributes(self, charge: Charge) -> dict[str, Any]:
        """Return what the record of a charge says, and how many requests left before it."""
        return self.describe(*charge)

    def describe(
        self, busy_ns: float, energy_uj: float | None, idle_ns: float, idle_uj: float | None
    ) -> dict[str, Any]:
        """Return the same of what several charges come to."""
        found: dict[str, Any] = {
            names.GPU_COUNT: self._gpu_count,
            names.GPU_SECONDS: busy_ns * self._gpu_count / 1e9,
            names.GPU_IDLE_SECONDS: idle_ns * self._gpu_count / 1e9,
        }
        if self.left:
            found[names.STEP_ENDED_REQUESTS], self.left = self.left, 0
        if self._meter is None:
            return found
        self._gpus = self._gpus or _identity(self._meter)
        found.update(self._gpus)
        if energy_uj is not None and idle_uj is not None:
            found[names.GPU_ENERGY_J] = energy_uj / 1e6
            found[names.GPU_IDLE_ENERGY_J] = idle_uj / 1e6
            found[names.GPU_ENERGY_SOURCE] = self._meter.source
        return found


def _identity(meter: Meter) -> dict[str, Any]:
    """Return which GPUs they are and what they cost; nothing until they are found."""
    parts = meter.parts
    if not parts:
        return {}
    found: dict[str, Any] = {names.STEP_GPU_UUIDS: list(parts)}
    if set(parts.values()) != {1.0}:
        found[names.STEP_GPU_SHARES] = list(parts.values())
    if meter.usd_per_hour is not None:
        found[names.GPU_COST_PER_HOUR_USD] = meter.usd_per_hour
    return found
