"""Applies axonize_migrations in order, records what ran, takes a lock."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from clickhouse_connect.driver.exceptions import ClickHouseError
from psycopg import sql as psycopg_sql

from axonize_server.model import MigrationError
from axonize_server.store.clickhouse import sql as clickhouse_sql
from axonize_server.store.clickhouse.cluster.sql import check_made_for, render
from axonize_server.store.clickhouse.connection import ClientPool, write_errors
from axonize_server.store.postgres import sql as postgres_sql
from axonize_server.store.postgres.connection import Postgres

if TYPE_CHECKING:
    import psycopg
    from clickhouse_connect.driver.client import Client

logger = logging.getLogger(__name__)

UNKNOWN_SETTING = 115


class Migration(NamedTuple):
    """One file of SQL; the checksum is SHA-256 of its text."""

    version: int
    name: str
    checksum: str
    text: str = ""


def available(database: str) -> list[Migration]:
    """Return the migrations of this release for "clickhouse" or "postgres", in order."""
    folder = files("axonize_migrations") / database
    scripts = sorted(each.name for each in folder.iterdir() if each.name.endswith(".sql"))
    return [_migration(name, (folder / name).read_text(encoding="utf-8")) for name in scripts]


def _migration(name: str, text: str) -> Migration:
    return Migration(int(name[:3]), name, hashlib.sha256(text.encode()).hexdigest(), text)


def pending(
    database: str, wanted: Iterable[Migration], applied: Iterable[Migration]
) -> list[Migration]:
    """Return what is still to be applied; raises MigrationError when the two do not fit."""
    by_version = {migration.version: migration for migration in wanted}
    done = {migration.version: migration for migration in applied}
    for version, migration in sorted(done.items()):
        if version not in by_version:
            raise MigrationError(
                f"{database} was changed by a newer release ({migration.name}); "
                "run that release or a later one"
            )
        if by_version[version].checksum != migration.checksum:
            raise MigrationError(
                f"{database}: {migration.name} was changed after it had been applied; "
                "restore the file and add a new migration instead"
            )
    return [migration for version, migration in sorted(by_version.items()) if version not in done]


Progress = Callable[[str, float | None], None]
"""Is told of each file before it is applied (None), and how many s it took after."""


def say_nothing(name: str, seconds: float | None) -> None:
    """Tell nobody."""


def migrate(
    postgres: Postgres,
    clickhouse: ClientPool,
    cluster: str = "",
    applying: Progress = say_nothing,
) -> list[str]:
    """Bring both databases to this release; return the names of the files that were applied.

    ClickHouse's are made on every server of `cluster`, when that is named. Several servers may call
    it at once: a lock in PostgreSQL serves both databases.
    """
    with postgres.connection() as connection:
        connection.execute(postgres_sql.SET_LOCK_TIMEOUT)
        connection.execute(postgres_sql.LOCK)
        try:
            with clickhouse.client() as client:
                todo = [
                    *_pending_in_postgres(connection),
                    *_pending_in_clickhouse(client, cluster),
                ]
                return list(_apply_all(todo, applying))
        finally:
            connection.execute(postgres_sql.UNLOCK)


Todo = tuple[str, Callable[[], None]]
"""The name of a file, and what applies it."""


def _apply_all(todo: Sequence[Todo], applying: Progress) -> Iterator[str]:
    for number, (name, apply) in enumerate(todo, 1):
        said, started = f"[{number}/{len(todo)}] {name}", time.monotonic()
        applying(said, None)
        apply()
        applying(said, time.monotonic() - started)
        yield name


def _pending_in_postgres(connection: psycopg.Connection[Any]) -> Iterator[Todo]:
    connection.execute(postgres_sql.CREATE_MIGRATIONS)
    rows = connection.execute(postgres_sql.SELECT_MIGRATIONS).fetchall()
    for migration in pending(
        "PostgreSQL", available("postgres"), [Migration(*row) for row in rows]
    ):
        yield f"postgres/{migration.name}", partial(_apply_to_postgres, connection, migration)


def _apply_to_postgres(connection: psycopg.Connection[Any], migration: Migration) -> None:
    with connection.transaction():
        connection.execute(psycopg_sql.SQL(migration.text))
        connection.execute(postgres_sql.INSERT_MIGRATION, migration[:3])


def _pending_in_clickhouse(client: Client, cluster: str) -> list[Todo]:
    with write_errors():
        engines = client.query(clickhouse_sql.MIGRATIONS_ENGINE).result_rows
        check_made_for("".join(row[0] for row in engines), cluster)
        for statement in render(clickhouse_sql.CREATE_MIGRATIONS, cluster):
            client.command(statement)
        rows = client.query(clickhouse_sql.SELECT_MIGRATIONS).result_rows
    wanted = pending("ClickHouse", available("clickhouse"), [Migration(*row) for row in rows])
    return [
        (f"clickhouse/{migration.name}", partial(_apply_to_clickhouse, client, migration, cluster))
        for migration in wanted
    ]


def _apply_to_clickhouse(client: Client, migration: Migration, cluster: str) -> None:
    version, name, checksum, text = migration
    with write_errors():
        for statement in statements(text):
            for each in render(statement, cluster):
                _command(client, each)
        values = {"version": version, "name": name, "checksum": checksum}
        client.command(clickhouse_sql.INSERT_MIGRATION, parameters=values)


def _command(client: Client, statement: str) -> None:
    """Run a statement; without a setting that it does not know ClickHouse stores as it did."""
    try:
        client.command(statement)
    except ClickHouseError as error:
        if getattr(error, "code", None) != UNKNOWN_SETTING or "MODIFY SETTING" not in statement:
            raise
        logger.info("this ClickHouse is too old for what makes it cheaper: %s", statement)


def statements(text: str) -> list[str]:
    """Split a script into statements, each of which ends with a semicolon at the end of a line."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [each.strip() for each in f"{chr(10).join(lines)}\n".split(";\n") if each.strip()]
