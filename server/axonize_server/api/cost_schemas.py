"""What the wire carries of costs; units are in the names."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from axonize_server import costs
from axonize_server.api.schemas import Time
from axonize_server.api.times import format_time
from axonize_server.query.cost import GroupBy

NEARLY_ALL = 0.99
"""Of the time, for which joules or a price must be known before anything is divided by tokens."""


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """What was used and what it costs; null where nothing is known."""

    requests: Annotated[int, Meta(description="Requests that left their engine.")]
    tokens: Annotated[int, Meta(description="Scheduled: prompt tokens read, and tokens made.")]
    prefill_tokens: Annotated[int, Meta(description="Prompt tokens among them.")]
    busy_gpu_seconds: Annotated[float, Meta(description="Time of steps x GPUs.")]
    idle_gpu_seconds: Annotated[float, Meta(description="Time of engines without a step x GPUs.")]
    measured_gpu_seconds: Annotated[
        float, Meta(description="The part of busy and idle time of which joules are known.")
    ]
    busy_energy_j: float | None
    idle_energy_j: float | None
    priced_gpu_seconds: Annotated[
        float, Meta(description="The part of busy and idle time that has a price.")
    ]
    busy_usd: float | None
    idle_usd: float | None
    busy_gpu_seconds_by_calls: Annotated[
        float,
        Meta(
            description="The part of the busy time that was split over calls by time, because "
            "there are no engine steps to split it by tokens."
        ),
    ]
    busy_usd_by_calls: Annotated[float | None, Meta(description="Its part of the dollars.")]
    busy_energy_j_per_1k_tokens: Annotated[
        float | None, Meta(description="Null when joules of more than 1 % of the time are missing.")
    ]
    energy_j_per_1k_tokens: Annotated[float | None, Meta(description="With the idle joules.")]
    busy_usd_per_1m_tokens: Annotated[
        float | None, Meta(description="Null when more than 1 % of the time has no price.")
    ]
    usd_per_1m_tokens: Annotated[float | None, Meta(description="With the cost of idle time.")]


class CostGroup(msgspec.Struct, frozen=True, kw_only=True):
    """What a model, a service or a GPU used."""

    key: Annotated[
        str | None, Meta(description="The model, the service or the GPU; null when unknown.")
    ]
    engines: int
    energy_sources: Annotated[
        list[str], Meta(description="How joules are had: `counter`, `power`, `estimated` (MIG).")
    ]
    now: Amounts
    previous: Annotated[Amounts, Meta(description="In the time before the range, as long.")]


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What engines used, by group, those that cost most first, and all of them together."""

    start: Annotated[Time, Meta(description="Of the range, widened to whole minutes.")]
    end: Time
    group_by: GroupBy
    total: CostGroup
    items: list[CostGroup]


def cost(found: costs.Costs, by: GroupBy) -> Cost:
    """Write costs for the wire."""
    return Cost(
        start=format_time(found.from_ns),
        end=format_time(found.to_ns),
        group_by=by,
        total=_group(found.total),
        items=[_group(each) for each in found.groups],
    )


def _group(group: costs.Group) -> CostGroup:
    return CostGroup(
        key=group.key or None,
        engines=group.engines,
        energy_sources=group.energy_sources,
        now=_amounts(group.sums),
        previous=_amounts(group.previous),
    )


def _amounts(sums: costs.Sums) -> Amounts:
    time = sums.busy_gpu_seconds + sums.idle_gpu_seconds
    joules, dollars = _known(sums.measured_gpu_seconds, time), _known(sums.priced_gpu_seconds, time)
    busy_j, all_j = sums.busy_energy_j, sums.busy_energy_j + sums.idle_energy_j
    busy_usd, all_usd = sums.busy_usd, sums.busy_usd + sums.idle_usd
    return Amounts(
        requests=sums.requests,
        tokens=sums.tokens,
        prefill_tokens=sums.prefill_tokens,
        busy_gpu_seconds=sums.busy_gpu_seconds,
        idle_gpu_seconds=sums.idle_gpu_seconds,
        measured_gpu_seconds=sums.measured_gpu_seconds,
        busy_energy_j=sums.busy_energy_j if sums.measured_gpu_seconds else None,
        idle_energy_j=sums.idle_energy_j if sums.measured_gpu_seconds else None,
        priced_gpu_seconds=sums.priced_gpu_seconds,
        busy_usd=sums.busy_usd if sums.priced_gpu_seconds else None,
        idle_usd=sums.idle_usd if sums.priced_gpu_seconds else None,
        busy_gpu_seconds_by_calls=sums.busy_gpu_seconds_by_calls,
        busy_usd_by_calls=sums.busy_usd_by_calls if sums.priced_gpu_seconds else None,
        busy_energy_j_per_1k_tokens=_per(busy_j * 1e3, sums.tokens, known=joules),
        energy_j_per_1k_tokens=_per(all_j * 1e3, sums.tokens, known=joules),
        busy_usd_per_1m_tokens=_per(busy_usd * 1e6, sums.tokens, known=dollars),
        usd_per_1m_tokens=_per(all_usd * 1e6, sums.tokens, known=dollars),
    )


def _known(part: float, whole: float) -> bool:
    return part > 0 and part >= NEARLY_ALL * whole


def _per(amount: float, tokens: int, *, known: bool) -> float | None:
    return amount / tokens if known and tokens else None
