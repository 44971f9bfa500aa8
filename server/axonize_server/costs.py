"""The records of what engines used and what that cost; no I/O."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

CALLS = "calls-"
"""With which the id of what is no engine with steps begins: a process and a GPU of its calls."""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What the GPUs of an engine did in a range without a change of a price.

    `gpu_uuids` are GPUs and MIG instances, empty where the engine does not know them; `gpu_shares`
    their parts of a card, 0 unknown, empty for whole cards. cost_per_hour_usd is what the engine's
    own process has as the price of all of them, 0 for none. Joules are of `measured_gpu_seconds`
    alone.
    """

    engine_id: str
    service_name: str
    model: str
    gpu_count: int
    gpu_uuids: list[str]
    gpu_shares: list[float]
    cost_per_hour_usd: float
    period: int
    energy_sources: list[str]
    requests: int
    tokens: int
    prefill_tokens: int
    busy_gpu_seconds: float
    idle_gpu_seconds: float
    measured_gpu_seconds: float
    busy_energy_j: float
    idle_energy_j: float

    @property
    def is_of_calls(self) -> bool:
        """Whether its time was split over calls by time, and not over steps by tokens."""
        return self.engine_id.startswith(CALLS)


class Price(msgspec.Struct, frozen=True):
    """What a card costs from a moment (Unix ns) on; None: its model's price holds again."""

    physical_uuid: str
    from_ns: int
    usd_per_hour: float | None


class Card(msgspec.Struct, frozen=True):
    """The card of what computes; the model is "" when it is not known."""

    physical_uuid: str
    model: str


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What some uses add up to.

    Joules are of `measured_gpu_seconds`, dollars of `priced_gpu_seconds`; the rest is not known.
    What was split over calls is a part of what was busy.
    """

    requests: int = 0
    tokens: int = 0
    prefill_tokens: int = 0
    busy_gpu_seconds: float = 0.0
    idle_gpu_seconds: float = 0.0
    measured_gpu_seconds: float = 0.0
    busy_energy_j: float = 0.0
    idle_energy_j: float = 0.0
    priced_gpu_seconds: float = 0.0
    busy_usd: float = 0.0
    idle_usd: float = 0.0
    busy_gpu_seconds_by_calls: float = 0.0
    busy_usd_by_calls: float = 0.0


class Group(msgspec.Struct, frozen=True):
    """What a model, a service or a GPU has to do with; `key` is "" where that is not known."""

    key: str
    engines: int
    energy_sources: list[str]
    sums: Sums
    previous: Sums


class Costs(msgspec.Struct, frozen=True):
    """Groups, those that cost most first, and what all of them add up to; ranges in Unix ns."""

    from_ns: int
    to_ns: int
    total: Group
    groups: Sequence[Group]
