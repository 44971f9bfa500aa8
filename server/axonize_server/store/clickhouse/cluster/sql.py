"""Migrations for a cluster: each table becomes one on every shard and one over all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from axonize_server.model import MigrationError

# What is read together lies together: a trace, an engine's steps, a GPU over time; and what
# replaces what was there before, the reports of a process.
SHARD_KEYS: Mapping[str, str] = {
    "spans": "cityHash64(trace_id)",
    "engine_steps": "cityHash64(engine_id)",
    "gpu_metrics": "cityHash64(resource_uuid)",
    "traces": "cityHash64(trace_id)",
    "rolled_up_seconds": "cityHash64(second)",
    "minutes": "cityHash64(minute)",
    "ticks": "cityHash64(tick)",
    "engine_minutes": "cityHash64(minute)",
    "processes": "cityHash64(instance_id)",
}
# Every server of the cluster has all rows of it, whatever its shard.
EVERYWHERE = "schema_migrations"

_CREATE = re.compile(
    r"CREATE TABLE IF NOT EXISTS (?P<table>\w+) \((?P<columns>.*)\)\s*"
    r"ENGINE = (?P<kind>\w*)MergeTree\b(?:\((?P<arguments>[^)]*)\))?(?P<rest>.*)",
    re.DOTALL,
)
_ALTER = re.compile(
    r"ALTER TABLE (?P<table>\w+) (?P<change>(?:ADD|MODIFY) (?P<what>\w+) .*)", re.DOTALL
)


def render(statement: str, cluster: str) -> list[str]:
    """Return what a statement of a migration is on a cluster; itself without one.

    Raises MigrationError for a statement that has no form for a cluster yet.
    """
    if not cluster:
        return [statement]
    statement = statement.strip()
    if created := _CREATE.fullmatch(statement):
        return _created(created, cluster)
    if altered := _ALTER.fullmatch(statement):
        return _altered(altered["table"], altered["change"], altered["what"], cluster)
    raise MigrationError(f"this has no form for a cluster yet: {statement[:80]}")


def _created(created: re.Match[str], cluster: str) -> list[str]:
    table = created["table"]
    if table == EVERYWHERE:
        return [_replicated(table, created, cluster, shard="all")]
    if table not in SHARD_KEYS:
        raise MigrationError(f"no key says on which shard a row of {table} lies")
    local = f"{table}_local"
    return [
        _replicated(local, created, cluster, shard="{shard}"),
        _distributed(table, local, cluster),
    ]


def _altered(table: str, change: str, what: str, cluster: str) -> list[str]:
    """Change the tables of the shards, then the one over all of them, which has columns alone."""
    tables = [f"{table}_local", table] if what == "COLUMN" else [f"{table}_local"]
    return [f"ALTER TABLE {each} ON CLUSTER `{cluster}` {change}" for each in tables]


def _distributed(table: str, local: str, cluster: str) -> str:
    key = SHARD_KEYS[table]
    return (
        f"CREATE TABLE IF NOT EXISTS {table} ON CLUSTER `{cluster}` AS {local}\n"
        f"ENGINE = Distributed(`{cluster}`, currentDatabase(), {local}, {key})"
    )


def _replicated(table: str, created: re.Match[str], cluster: str, shard: str) -> str:
    path = f"/clickhouse/tables/{shard}/{{database}}/{table}"
    # Where all shards share one table their replicas need names of their own.
    replica = "{shard}-{replica}" if shard == "all" else "{replica}"
    more = f", {created['arguments']}" if created["arguments"] else ""
    return (
        f"CREATE TABLE IF NOT EXISTS {table} ON CLUSTER `{cluster}` ({created['columns']})\n"
        f"ENGINE = Replicated{created['kind']}MergeTree('{path}', '{replica}'{more})"
        f"{created['rest']}"
    )


def check_made_for(engine: str, cluster: str) -> None:
    """Raise MigrationError when the database was made for another form than is set.

    `engine` is that of schema_migrations, empty when nothing was made yet.
    """
    if engine and engine.startswith("Replicated") != bool(cluster):
        made = "a cluster" if engine.startswith("Replicated") else "one server"
        raise MigrationError(
            f"this ClickHouse database was made for {made}: set or unset "
            "AXONIZE_CLICKHOUSE_CLUSTER as it was, or name another database in the DSN"
        )
