"""The SQL of parts on disk; names come from ClickHouse itself."""

from __future__ import annotations

WRITTEN_SINCE = """
SELECT table, name, path
FROM system.parts
WHERE database = currentDatabase() AND active AND modification_time >= {since:DateTime}
"""
BEGUN_BEFORE = """
SELECT count() FROM system.merges
WHERE database = currentDatabase() AND now() - elapsed <= {before:DateTime}
"""


def check(table: str, part: str) -> str:
    """Return what compares the files of a part with their checksums: 1 where all are whole."""
    return f"CHECK TABLE {table} PART '{part}' SETTINGS check_query_single_value_result = 1"


def detach(table: str) -> str:
    """Return what forgets the parts of a table."""
    return f"DETACH TABLE {table}"


def attach(table: str) -> str:
    """Return what reads its parts from the disk again, refused while queries still read the old."""
    return f"ATTACH TABLE IF NOT EXISTS {table}"
