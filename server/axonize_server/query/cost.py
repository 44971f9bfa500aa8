"""What engines used and what that cost, always for one tenant: by model, service or GPU.

docs/attribution.md is the same for users.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any, Literal, NamedTuple

from axonize_server.costs import Card, Costs, Group, Price, Sums, Use
from axonize_server.query.ranges import check_range
from axonize_server.store.clickhouse.costs.reader import CostReader
from axonize_server.store.postgres.prices import GpuPrices

MINUTE_NS = 60_000_000_000
GroupBy = Literal["model", "service", "gpu"]


@dataclass(frozen=True)
class CostBook:
    """What costs are found from: what was used, the prices of cards and those of models.

    model_prices: US dollars an hour by a part of the model's name; the longest that fits holds.
    """

    reader: CostReader
    prices: GpuPrices
    model_prices: Mapping[str, float]


class CardPrice(NamedTuple):
    """What a card costs and why: it was set for the card itself, or for its model."""

    usd_per_hour: float | None
    source: Literal["gpu", "model"] | None
    history: list[Price]


class Share(NamedTuple):
    """A use as it counts for a group: all of it, or the part of one of its GPUs."""

    key: str
    use: Use
    part: float
    usd_per_hour: float | None  # of this part alone


def costs(book: CostBook, tenant: str, by: GroupBy, from_ns: int, to_ns: int) -> Costs:
    """Return the costs in [from_ns, to_ns), Unix ns, widened to whole minutes.

    And those of the time before it, as long. Raises InvalidQuery for a range without time in it.
    """
    check_range(from_ns, to_ns)
    first = from_ns // MINUTE_NS * MINUTE_NS
    last = -(-to_ns // MINUTE_NS) * MINUTE_NS
    prices = book.prices.all(tenant)
    now = _priced_uses(book, tenant, prices, first, last)
    before = _priced_uses(book, tenant, prices, max(2 * first - last, 0), first)
    # Requests count for each GPU, but once in the total.
    total = _group("", _shares("model", now), _shares("model", before))
    return Costs(first, last, total, _groups(_shares(by, now), _shares(by, before)))


def card_price(book: CostBook, tenant: str, card: Card, at_ns: int) -> CardPrice:
    """Return what a card costs at a moment, and every price that was set for it."""
    history = book.prices.of_card(tenant, card.physical_uuid)
    own = _last_before(history, at_ns)
    if own is not None:
        return CardPrice(own, "gpu", history)
    usd = price_of(card.model, book.model_prices)
    return CardPrice(usd, None if usd is None else "model", history)


def price_of(model: str, model_prices: Mapping[str, float]) -> float | None:
    """Return the price under the longest name that is a part of a model's."""
    names = [name for name in model_prices if name.lower() in model.lower()]
    return model_prices[max(names, key=len)] if names else None


class _PricedUse(NamedTuple):
    """A use, and the price of each of its GPUs in US dollars an hour."""

    use: Use
    prices: list[float | None]


def _priced_uses(
    book: CostBook, tenant: str, prices: list[Price], from_ns: int, to_ns: int
) -> list[_PricedUse]:
    changes = sorted({p.from_ns for p in prices if from_ns < p.from_ns < to_ns})
    starts = [from_ns, *changes]
    uses = book.reader.uses(tenant, from_ns, to_ns, changes) if from_ns < to_ns else []
    cards = book.prices.cards(tenant, {uuid for use in uses for uuid in use.gpu_uuids})
    price_at = _pricing(prices, cards, book.model_prices)
    return [_PricedUse(use, _gpu_prices(use, starts, price_at)) for use in uses]


def _pricing(
    prices: Iterable[Price], cards: Mapping[str, Card], model_prices: Mapping[str, float]
) -> Callable[[str, int], float | None]:
    """Return what tells the price of a whole card at a moment, by what computes on it."""
    history: dict[str, list[Price]] = {}
    for price in prices:
        history.setdefault(price.physical_uuid, []).append(price)

    def price_at(uuid: str, at_ns: int) -> float | None:
        card = cards.get(uuid)
        if card is None:
            return None
        own = _last_before(history.get(card.physical_uuid, []), at_ns)
        return price_of(card.model, model_prices) if own is None else own

    return price_at


def _last_before(history: list[Price], at_ns: int) -> float | None:
    known = bisect.bisect_right(history, at_ns, key=lambda price: price.from_ns)
    return history[known - 1].usd_per_hour if known else None


def _gpu_prices(
    use: Use, starts: list[int], price_at: Callable[[str, int], float | None]
) -> list[float | None]:
    """Return the price of each GPU; what the engine's process says counts when one has none."""
    at_ns, count = starts[use.period], use.gpu_count or 1
    shares = use.gpu_shares or [1.0] * len(use.gpu_uuids)
    known = [
        None if price is None or not share else price * share
        for share, price in zip(
            shares, (price_at(uuid, at_ns) for uuid in use.gpu_uuids), strict=False
        )
    ]
    if len(known) == count and None not in known:
        return known
    return [use.cost_per_hour_usd / count if use.cost_per_hour_usd else None] * count


def _shares(by: GroupBy, uses: list[_PricedUse]) -> list[Share]:
    return [share for use, prices in uses for share in _parts(by, use, prices)]


def _parts(by: GroupBy, use: Use, prices: list[float | None]) -> Iterator[Share]:
    if by != "gpu":
        whole = None if None in prices else fsum(filter(None, prices))
        yield Share(use.model if by == "model" else use.service_name, use, 1.0, whole)
        return
    uuids = use.gpu_uuids if len(use.gpu_uuids) == len(prices) else [""] * len(prices)
    for uuid, price in zip(uuids, prices, strict=True):
        yield Share(uuid, use, 1 / len(prices), price)


def _groups(now: list[Share], before: list[Share]) -> list[Group]:
    """Return a group for each key, the dearest first, then the busiest."""
    present, past = _by_key(now), _by_key(before)
    keys = present.keys() | past.keys()
    found = [_group(key, present.get(key, []), past.get(key, [])) for key in keys]
    return sorted(found, key=_rank)


def _by_key(shares: list[Share]) -> dict[str, list[Share]]:
    found: dict[str, list[Share]] = {}
    for share in shares:
        found.setdefault(share.key, []).append(share)
    return found


def _rank(group: Group) -> tuple[float, float, str]:
    sums = group.sums
    return (
        -(sums.busy_usd + sums.idle_usd),
        -(sums.busy_gpu_seconds + sums.idle_gpu_seconds),
        group.key,
    )


def _group(key: str, now: list[Share], before: list[Share]) -> Group:
    return Group(
        key,
        len({share.use.engine_id for share in now}),
        sorted({source for share in now for source in share.use.energy_sources}),
        _sum(now),
        _sum(before),
    )


_COUNTS = ("requests", "tokens", "prefill_tokens")
_AMOUNTS = (
    "busy_gpu_seconds",
    "idle_gpu_seconds",
    "measured_gpu_seconds",
    "busy_energy_j",
    "idle_energy_j",
)


def _sum(shares: list[Share]) -> Sums:
    """Add up; an engine's requests count for each of its GPUs, which all worked on them."""
    priced = [share for share in shares if share.usd_per_hour is not None]
    counts = {name: sum(getattr(share.use, name) for share in shares) for name in _COUNTS}
    amounts: dict[str, Any] = {name: _total(shares, name) for name in _AMOUNTS}
    return Sums(
        **counts,
        **amounts,
        priced_gpu_seconds=_total(priced, "busy_gpu_seconds") + _total(priced, "idle_gpu_seconds"),
        busy_usd=_dollars(priced, "busy_gpu_seconds"),
        idle_usd=_dollars(priced, "idle_gpu_seconds"),
        busy_gpu_seconds_by_calls=_total(_of_calls(shares), "busy_gpu_seconds"),
        busy_usd_by_calls=_dollars(_of_calls(priced), "busy_gpu_seconds"),
    )


def _of_calls(shares: list[Share]) -> list[Share]:
    return [share for share in shares if share.use.is_of_calls]


def _total(shares: list[Share], name: str) -> float:
    return fsum(getattr(share.use, name) * share.part for share in shares)


def _dollars(shares: list[Share], name: str) -> float:
    """Return what the time of some shares costs, all of which have a price.

    The price is of all GPUs of a share, each of which was at it for an equal part of its time.
    """
    return fsum(
        getattr(share.use, name) / (share.use.gpu_count or 1) / 3600 * (share.usd_per_hour or 0.0)
        for share in shares
    )
