"""The registry of GPUs in PostgreSQL: cards, what computes on them, and where that is used."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import psycopg

from axonize_server.gpus import (
    CardFacts,
    CardResource,
    ComputeResource,
    Gpu,
    GpuContext,
    Identity,
    MigFacts,
    PhysicalGpu,
    Sighting,
)
from axonize_server.store.postgres import sql
from axonize_server.store.postgres.connection import Postgres

# Six texts of a key must fit a page of an index, with up to four bytes a character.
MAX_TEXT = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


class GpuRegistry:
    """Writes what was sighted and finds one GPU of a tenant; raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def recorded_ns(self) -> int | None:
        """Return up to which commit (Unix ns) sightings were written; None before the first."""
        with self._postgres.connection() as connection:
            row = connection.execute(sql.GPUS_RECORDED_AT).fetchone()
        return None if row is None or row[0] is None else from_time(row[0])

    def record(self, sightings: Sequence[Sighting], recorded_ns: int) -> None:
        """Write sightings of what was committed up to recorded_ns (Unix ns), all or none.

        They may be written before, and come in any order.
        """
        rows = [_row(each, recorded_ns) for each in sorted(sightings)]  # one order: no deadlocks
        with (
            self._postgres.connection() as connection,
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            cards = sorted(rows, key=lambda row: (row["tenant"], row["physical_uuid"]))
            known = [row for row in cards if row["physical_uuid"]]
            cursor.executemany(sql.UPSERT_PHYSICAL_GPU, known)
            cursor.executemany(sql.UPSERT_COMPUTE_RESOURCE, rows)
            cursor.executemany(sql.UPSERT_RESOURCE_CONTEXT, rows)

    def identify(self, identities: Iterable[Identity]) -> list[Identity]:
        """Write what is said of GPUs and MIG instances; return those that are in the registry.

        What is not said stays as it was.
        """
        ordered = sorted(identities, key=lambda each: each[:2])
        with self._postgres.connection() as connection, connection.transaction():
            return [each for each in ordered if _identify(connection, each)]

    def identities(
        self, tenant: str, uuids: Collection[str]
    ) -> dict[str, tuple[CardFacts | None, MigFacts | None]]:
        """Return what each GPU or MIG instance, and its card, is."""
        asked = {"tenant": tenant, "uuids": sorted(map(_text, uuids))}
        with self._postgres.connection() as connection:
            rows = connection.execute(sql.SELECT_IDENTITIES, asked).fetchall()
        split = 1 + len(CardFacts.__struct_fields__)
        return {row[0]: (_card(row[1:split]), _mig(row[split:])) for row in rows}

    def seen_since(self, tenant: str, since_ns: int) -> list[Gpu]:
        """Return what computes and was seen since then (Unix ns), at most 1000; no earlier."""
        asked = {"tenant": tenant, "since": to_time(since_ns)}
        with self._postgres.connection() as connection:
            rows = connection.execute(sql.SELECT_RESOURCES_SINCE, asked).fetchall()
        names = Gpu.__struct_fields__
        found = [dict(zip(names, _with_ns(row), strict=False)) for row in rows]
        return [Gpu(**{**row, "first_ns": max(row["first_ns"], since_ns)}) for row in found]

    def find(self, tenant: str, uuid: str) -> ComputeResource | None:
        """Return a GPU or MIG instance with its card and its contexts, the last seen first."""
        asked = {"tenant": tenant, "uuid": _text(uuid)}
        with self._postgres.connection() as connection:
            row = connection.execute(sql.SELECT_COMPUTE_RESOURCE, asked).fetchone()
            if row is None:
                return None
            contexts = connection.execute(sql.SELECT_RESOURCE_CONTEXTS, asked).fetchall()
            physical = _find_physical(connection, tenant, row[-1])
        used = [GpuContext(*_with_ns(each)) for each in contexts]
        return ComputeResource(*[*_with_ns(row[:4]), physical, used, _mig(row[4:-1])])


def _find_physical(
    connection: psycopg.Connection[Any], tenant: str, uuid: str | None
) -> PhysicalGpu | None:
    asked = {"tenant": tenant, "uuid": uuid}
    row = connection.execute(sql.SELECT_PHYSICAL_GPU, asked).fetchone()
    if row is None:
        return None
    resources = [
        CardResource(*[*_with_ns(each[:4]), _mig(each[4:])])
        for each in connection.execute(sql.SELECT_CARD_RESOURCES, asked)
    ]
    return PhysicalGpu(*[*_with_ns(row[:5]), resources, _card(row[5:])])


def _card(row: Sequence[Any]) -> CardFacts | None:
    """Return what a card is; None while nobody has said anything of it."""
    facts = dict(zip(CardFacts.__struct_fields__, row, strict=True))
    found = CardFacts(**{**facts, "nvlink_peers": facts["nvlink_peers"] or []})
    return None if found == CardFacts() else found


def _mig(row: Sequence[Any]) -> MigFacts | None:
    """Return what a MIG instance is; None for a card, and for one of which nothing is known."""
    facts = MigFacts(**dict(zip(MigFacts.__struct_fields__, row, strict=True)))
    return None if facts == MigFacts() else facts


def _identify(connection: psycopg.Connection[Any], identity: Identity) -> bool:
    statement = (
        sql.IDENTIFY_PHYSICAL_GPU
        if isinstance(identity.facts, CardFacts)
        else sql.IDENTIFY_COMPUTE_RESOURCE
    )
    facts = {name: _plain(each) for name, each in msgspec.structs.asdict(identity.facts).items()}
    named = {"tenant": identity.tenant, "uuid": _text(identity.resource_uuid)}
    return connection.execute(statement, {**facts, **named}).rowcount > 0


def _row(sighting: Sighting, recorded_ns: int) -> dict[str, Any]:
    texts = {
        name: _text(value) if isinstance(value, str) else value
        for name, value in sighting._asdict().items()
    }
    uuid = texts["resource_uuid"]
    return {
        **texts,
        "physical_uuid": texts["physical_uuid"] or ("" if uuid.startswith("MIG-") else uuid),
        "first": to_time(sighting.first_ns),
        "last": to_time(sighting.last_ns),
        "recorded": to_time(recorded_ns),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(each) for each in value] or None
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    """Return text that PostgreSQL takes and an index can hold."""
    return text[:MAX_TEXT].replace("\0", "")


def to_time(ns: int) -> datetime:
    """Return Unix ns as PostgreSQL keeps it, in whole microseconds."""
    return _EPOCH + ns // 1000 * _MICROSECOND


def from_time(time: datetime) -> int:
    """Return a time as Unix ns."""
    return (time - _EPOCH) // _MICROSECOND * 1000


def _with_ns(row: Sequence[Any]) -> list[Any]:
    return [from_time(each) if isinstance(each, datetime) else each for each in row]
