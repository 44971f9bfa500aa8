"""Puts back what a full disk has cut."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from clickhouse_connect.driver.exceptions import ClickHouseError

from axonize_server.store.clickhouse.connection import ClientPool, write_error
from axonize_server.store.clickhouse.parts import sql
from axonize_server.store.clickhouse.parts.room import Room

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.2
NO_SUCH_DATA_PART = 232
BEFORE_S = 2  # what was written just before there was too little room is checked, too

Part = tuple[str, str]
"""A table and the name of one of its parts."""


class Mender:
    """Looks after the parts that are written while a disk has too little room.

    An engine inside a process (chDB 26.9) takes a failed write for a good one: the files of a part
    are cut, and the part takes the place of those that it was merged from. These stay on the disk
    for eight minutes, and ClickHouse takes them when it reads a table's parts again and finds that
    one is broken. So parts are checked as they come, and the table of a cut one is read again.
    """

    def __init__(self, pool: ClientPool, room: Room) -> None:
        self._pool = pool
        self._room = room
        self._since: int | None = None
        self._until = 0
        self._whole: set[Part] = set()

    def look(self) -> None:
        """Check what was written since there was too little room; raises Store* errors."""
        now = int(time.time())
        if not self._room.is_left():
            self._begin(now)
            self._until = now
        if self._since is not None:
            with self._pool.client() as client:
                try:
                    self._mend(client, self._since)
                    self._end(client)
                except (ClickHouseError, OSError) as error:
                    raise write_error(error) from error

    def _begin(self, now: int) -> None:
        if self._since is None:
            self._since = now - BEFORE_S
            logger.warning("the disk is full, spans are refused until there is room")

    def _end(self, client: Client) -> None:
        """Stop looking when there is room and no merge is left that began when there was none."""
        before = {"before": self._until}
        if self._room.is_left() and not client.query(sql.BEGUN_BEFORE, before).result_rows[0][0]:
            self._since = None
            self._whole.clear()

    def _mend(self, client: Client, since: int) -> None:
        found = client.query(sql.WRITTEN_SINCE, {"since": since}).result_rows
        parts: set[Part] = {(table, name) for table, name in found}
        new = parts - self._whole
        cut = {part for part in new if not _is_whole(client, part)}
        self._whole |= new - cut
        for table in sorted({table for table, _ in cut}):
            for statement in sql.reload(table):
                client.command(statement)
            logger.warning("the full disk has cut parts of %s, which were put back", table)


def _is_whole(client: Client, part: Part) -> bool:
    try:
        return bool(client.command(sql.check(*part)) == 1)
    except ClickHouseError as error:
        return bool(getattr(error, "code", None) == NO_SUCH_DATA_PART)  # it was merged meanwhile
