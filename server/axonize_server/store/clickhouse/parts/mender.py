"""Puts back what a full disk has cut."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from clickhouse_connect.driver.exceptions import ClickHouseError

from axonize_server.store.clickhouse.connection import ClientPool, write_errors
from axonize_server.store.clickhouse.parts import sql
from axonize_server.store.clickhouse.parts.room import Room

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.2
NO_SUCH_DATA_PART = 232
BEFORE_S = 2  # what was written just before there was too little room is checked, too


class Part(NamedTuple):
    """A part of a table, and its folder."""

    table: str
    name: str
    path: str


class Mender:
    """Looks after the parts that are written while a disk has too little room.

    An engine inside a process (chDB 26.9) takes a failed write for a good one: the files of a part
    are cut, and the part takes the place of those that it was merged from. These stay on the disk
    for eight minutes, and ClickHouse takes them when it reads a table's parts again and the cut one
    is gone. So parts are checked as they come, and the table of a cut one is read again.
    """

    def __init__(self, pool: ClientPool, room: Room) -> None:
        self._pool = pool
        self._room = room
        self._since: int | None = None
        self._until = 0
        self._whole: set[Part] = set()
        self._detached: set[str] = set()  # tables that are to be attached again

    def look(self) -> None:
        """Check what was written since there was too little room; raises Store* errors."""
        if not self._room.is_left():
            self._until = int(time.time())
            self._begin()
        if self._since is not None:
            with self._pool.client() as client, write_errors():
                self._look(client, self._since)

    def _begin(self) -> None:
        if self._since is None:
            self._since = self._until - BEFORE_S
            logger.warning("the disk is full, spans are refused until there is room")

    def _look(self, client: Client, since: int) -> None:
        self._attach(client)
        is_last = self._is_over(client)  # asked first, so that the last merge is looked at, too
        cut = self._find_cut(client, since)
        for table in sorted({part.table for part in cut}):
            self._detached.add(table)
            client.command(sql.detach(table))
            for part in cut:
                if part.table == table:
                    _put_aside(Path(part.path))
            self._attach(client)
            logger.warning("the full disk has cut parts of %s, which were put back", table)
        if is_last:
            self._since = None
            self._whole.clear()

    def _attach(self, client: Client) -> None:
        for table in sorted(self._detached):
            client.command(sql.attach(table))
            self._detached.discard(table)

    def _is_over(self, client: Client) -> bool:
        """Return whether there is room, and no merge that began when there was none."""
        old = client.query(sql.BEGUN_BEFORE, {"before": self._until}).result_rows[0][0]
        return self._room.is_left() and not old

    def _find_cut(self, client: Client, since: int) -> list[Part]:
        found = client.query(sql.WRITTEN_SINCE, {"since": since}).result_rows
        new = [part for part in (Part(*row) for row in found) if part not in self._whole]
        cut = [part for part in new if not _is_whole(client, part)]
        self._whole.update(set(new) - set(cut))
        return cut


def _is_whole(client: Client, part: Part) -> bool:
    try:
        return bool(client.command(sql.check(part.table, part.name)) == 1)
    except ClickHouseError as error:
        if getattr(error, "code", None) == NO_SUCH_DATA_PART:  # it was merged meanwhile
            return True
        raise


def _put_aside(part: Path) -> None:
    """Move a part to the broken ones; of a large one ClickHouse would refuse the whole table."""
    with suppress(FileNotFoundError):
        part.rename(part.parent / "detached" / f"broken_{part.name}")
