"""Finds the minutes and ticks that need a count, by what was committed since the last look."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from axonize_server.store.clickhouse.minutes import stale_sql as sql
from axonize_server.store.clickhouse.minutes.count_sql import TICK

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# Spans come some seconds after they ended; a minute that is counted twice costs twice.
SETTLE_S, TICKS_SETTLE_S = 30, 4
# A check looks at what was committed since the one before, and for inserts that took long.
OVERLAP_S = 120
# What was committed long ago and ends now, by a clock that was wrong, is found by a look at all.
ALL_TICKS_EVERY_S = 60.0
MAX_FOUND = 50_000

Minute = tuple[int, int]
"""A minute or a tick, by its start in Unix s, and how many rows of spans ended in it."""


class Finder(Protocol):
    """Finds what needs a count; used by one thread."""

    def find(self, client: Client, kept_s: int) -> list[Minute]:
        """Return what ended at most kept_s ago, the oldest first; MAX_FOUND at most."""

    def counted(self) -> None:
        """Take that what was found since the last call is counted: else it is found again."""


class StaleMinutes:
    """Minutes of one table that another has not, or not all, counted.

    query: which they are; unsettled: which will need a count, of what was committed lately. When
    they are over, its commit may be too long ago to be looked at.
    """

    def __init__(self, query: str, unsettled: str) -> None:
        self._query, self._query_unsettled = query, unsettled
        self._since = 0  # the commit of what is looked at, Unix s
        self._now = 0
        self._unsettled: set[int] = set()

    def find(self, client: Client, kept_s: int) -> list[Minute]:
        """Return those of which spans were committed since the last look, and that have settled."""
        self._now = client.query(sql.NOW).first_row[0]
        times = {"since": self._since, "settle_s": SETTLE_S}
        rows: Any = client.query(self._query_unsettled, parameters=times).result_rows
        self._unsettled.update(minute for (minute,) in rows)
        listed = {"kept_s": kept_s, "unsettled": sorted(self._unsettled)}
        return _rows(client, self._query, times | listed)

    def counted(self) -> None:
        """Go on from here."""
        settled = self._now - SETTLE_S
        self._since = settled - OVERLAP_S
        self._unsettled = {minute for minute in self._unsettled if minute + 60 > settled}


class StaleTicks:
    """Ticks that are not, or not all, counted.

    All that may be read hold some minutes of spans, and to count these by tick takes 16 ns each,
    every two seconds. Spans lie in the order of their commit, so how many were committed in which
    second is known in a tenth of that; only of seconds with more than at the last look it is asked
    when their spans ended.
    """

    def __init__(self) -> None:
        self._committed: dict[int, int] = {}  # spans, by second of commit
        self._touched: set[int] = set()  # not looked at yet
        self._all_at = self._next_all_at = 0.0  # monotonic

    def find(self, client: Client, kept_s: int) -> list[Minute]:
        """Return those that are settled."""
        now, sure_until = time.monotonic(), self._all_at
        self._all_at = 0.0  # until what is found is counted
        kept = {"kept_s": kept_s}
        settled = self._look(client, kept)
        due = sorted(tick for tick in self._touched if tick <= settled)
        self._touched.difference_update(due)
        kept["settle_s"] = TICKS_SETTLE_S
        if now >= sure_until:
            self._next_all_at = now + ALL_TICKS_EVERY_S
            return _rows(client, sql.STALE_TICKS, kept)
        if not due:
            return []
        return _rows(client, sql.STALE_TICKS_LISTED, kept | {"ticks": due, "first": due[0]})

    def counted(self) -> None:
        """Look at all when it is time, and not before."""
        self._all_at = self._next_all_at

    def _look(self, client: Client, kept: dict[str, Any]) -> int:
        """Note the ticks of what is new, and return the last one that is settled, Unix s."""
        rows: Any = client.query(sql.COMMITTED, parameters=kept).result_rows
        committed = dict(rows)
        now, known = committed.pop(0), self._committed
        new = sorted(second for second in committed if committed[second] != known.get(second))
        if new:
            times = kept | {"first": new[0], "last": new[-1], "seconds": new}
            touched: Any = client.query(sql.TOUCHED_TICKS, parameters=times).result_rows
            self._touched.update(tick for (tick,) in touched)
        self._committed = committed
        return int(now) - TICKS_SETTLE_S - TICK.seconds


def _rows(client: Client, query: str, parameters: dict[str, Any]) -> list[Minute]:
    rows: Any = client.query(query, parameters=parameters | {"limit": MAX_FOUND}).result_rows
    return [(minute, spans) for minute, spans in rows]
