"""Counts the spans of each minute, when it is over and again when some come late."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from axonize_server.model import DomainError
from axonize_server.store.clickhouse.connection import ClientPool, write_errors
from axonize_server.store.clickhouse.costs import sql as costs
from axonize_server.store.clickhouse.minutes import add_up_sql, count_sql, stale, stale_sql
from axonize_server.store.clickhouse.minutes.stale import Finder, Minute, StaleMinutes, StaleTicks
from axonize_server.store.under_way import UnderWay

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

logger = logging.getLogger(__name__)

# What ended earlier, or in the future by a wrong clock, is not counted: the number of different
# minutes that a sender can make is bounded by this.
KEPT_S = 90 * 86_400
# Ticks are counted beside the minutes that are not, beside the last one that is, and some more: a
# reader may have asked a while ago to when minutes are, and the database has a clock of its own.
# Where minutes are far behind, all spans would be counted twice.
MORE_S, BEHIND_S = 30, 300

MAX_SPANS, MAX_MINUTES = 500_000, 240
# In one thread, and what a union is made of one after the other.
IN_TURN = {"max_threads": 1, "max_streams_for_union_step": 1}


class Counting(NamedTuple):
    """How the minutes of a table are found that need a count, how they are counted, and when."""

    finder: Callable[[], Finder]
    insert: str
    counted_in_parts: str = ""
    """The query for those of some minutes that another table has in parts, and has all of."""
    add_up: str = ""
    """What counts such minutes."""
    behind: str = ""
    """The query for how long ago (s) they are counted from on; all are without one."""
    every_s: float = 30


SPANS = Counting(
    partial(StaleMinutes, stale_sql.STALE_MINUTES, stale_sql.UNSETTLED_MINUTES),
    count_sql.COUNT_MINUTES,
    add_up_sql.TICKED_MINUTES,
    add_up_sql.ADD_UP_TICKS,
)
ENGINES = Counting(
    partial(StaleMinutes, costs.STALE_MINUTES, costs.UNSETTLED_MINUTES), costs.COUNT_MINUTES
)
TICKS = Counting(StaleTicks, count_sql.COUNT_TICKS, behind=count_sql.BEHIND, every_s=2)


class MinuteRollup:
    """Keeps the table `minutes` up with `spans`, in a thread from start() to close().

    Or another table with its own, by other queries.

    A minute is always counted as a whole, so whoever counts it again replaces what was said.
    """

    def __init__(self, pool: ClientPool, counting: Counting = SPANS) -> None:
        self._pool = pool
        self._counting = counting
        self._finder = counting.finder()
        self._under_way = UnderWay()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="minutes", daemon=True)

    def start(self) -> None:
        """Begin with whatever was stored while no server ran."""
        self._thread.start()

    def close(self) -> None:
        """Return when the thread has ended; what it has not done, the next start does."""
        self._closing.set()
        self._thread.join()

    def settle(self) -> None:
        """Return when no statement is under way that was at the call: it may have read old rows."""
        self._under_way.settle()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self.catch_up()
            except DomainError as error:
                logger.warning("minutes are not counted: %s", error)
            self._closing.wait(self._counting.every_s)

    def catch_up(self) -> None:
        """Count, the oldest first, the minutes of what was committed since the last time.

        Raises StoreUnavailable and StoreRefused; what was done stays done.
        """
        with self._pool.client() as client, write_errors():
            kept_s = self._kept_s(client)
            while kept_s:
                found = self._finder.find(client, kept_s)
                for group in in_groups(found):
                    if self._closing.is_set():
                        return
                    self._count(client, group)
                # What came late meanwhile waits for the next time: else this need not end.
                if len(found) < stale.MAX_FOUND:
                    break
        if kept_s:
            self._finder.counted()

    def _kept_s(self, client: Client) -> int:
        """Return how long ago what is counted may have ended; 0 when nothing is to be counted."""
        if not self._counting.behind:
            return KEPT_S
        behind_s: int = client.query(self._counting.behind).first_row[0]
        return behind_s + MORE_S if behind_s < BEHIND_S else 0

    def _count(self, client: Client, minutes: list[int]) -> None:
        """Count in order: readers take it that nothing before the last minute is missing."""
        with self._under_way.work():
            in_parts = self._counted_in_parts(client, minutes)
            for adds_up, run in groupby(minutes, in_parts.__contains__):
                insert = self._counting.add_up if adds_up else self._counting.insert
                client.command(insert, parameters=_span(list(run)), settings=IN_TURN)

    def _counted_in_parts(self, client: Client, minutes: list[int]) -> set[int]:
        query = self._counting.counted_in_parts
        if not query:
            return set()
        rows: Any = client.query(query, parameters=_span(minutes)).result_rows
        return {minute for (minute,) in rows}


def _span(minutes: list[int]) -> dict[str, Any]:
    return {"first": minutes[0], "last": minutes[-1], "minutes": minutes}


def in_groups(minutes: list[Minute]) -> Iterator[list[int]]:
    """Cut into runs that hold MAX_SPANS spans and MAX_MINUTES, or one minute that holds more."""
    group: list[int] = []
    size = 0
    for minute, spans in minutes:
        if group and (size + spans > MAX_SPANS or minute - group[0] >= MAX_MINUTES * 60):
            yield group
            group, size = [], 0
        group.append(minute)
        size += spans
    if group:
        yield group
