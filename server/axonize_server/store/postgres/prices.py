"""What cards cost, in PostgreSQL, and which cards they are."""

from __future__ import annotations

from collections.abc import Iterable

from axonize_server.costs import Card, Price
from axonize_server.model import NotFound
from axonize_server.store.postgres import sql
from axonize_server.store.postgres.connection import Postgres
from axonize_server.store.postgres.gpus import from_time, to_time


class GpuPrices:
    """The prices of a tenant's cards, each from a moment on; raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def all(self, tenant: str) -> list[Price]:
        """Return every price, those of a card in the order of time."""
        with self._postgres.connection() as connection:
            rows = connection.execute(sql.SELECT_PRICES, {"tenant": tenant}).fetchall()
        return [Price(uuid, from_time(begin), usd) for uuid, begin, usd in rows]

    def of_card(self, tenant: str, uuid: str) -> list[Price]:
        """Return the prices of one card, in the order of time."""
        return [price for price in self.all(tenant) if price.physical_uuid == uuid]

    def set(self, tenant: str, resource_uuid: str, from_ns: int, usd: float | None) -> None:
        """Set the price of a card from a moment on, by the name of what computes on it.

        Raises NotFound when the registry has no such card.
        """
        values = {"tenant": tenant, "uuid": resource_uuid, "from": to_time(from_ns), "usd": usd}
        with self._postgres.connection() as connection:
            if connection.execute(sql.UPSERT_PRICE, values).rowcount == 0:
                raise NotFound(f"no card of a GPU {resource_uuid}")

    def cards(self, tenant: str, uuids: Iterable[str]) -> dict[str, Card]:
        """Return the card of each GPU or MIG instance that the registry knows."""
        asked = {"tenant": tenant, "uuids": sorted(uuids)}
        with self._postgres.connection() as connection:
            rows = connection.execute(sql.SELECT_CARDS, asked).fetchall()
        return {uuid: Card(physical_uuid, model) for uuid, physical_uuid, model in rows}
