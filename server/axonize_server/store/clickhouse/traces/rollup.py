"""Rolls spans up into traces, second by second, some seconds after they were committed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

from axonize_server.model import DomainError
from axonize_server.store.clickhouse.connection import ClientPool, write_errors
from axonize_server.store.clickhouse.traces import rollup_sql as sql
from axonize_server.store.under_way import UnderWay

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

logger = logging.getLogger(__name__)

EVERY_S = 2.0
# A span gets its time of commit when its insert begins, and is seen when it ends.
SETTLE_S = 2
# How far back a check looks for spans that were long on their way: all the way at the first one,
# then some seconds, and a minute or an hour now and then. To count takes 6 ns a span.
ALL_S, HOUR_S, MINUTE_S, LATELY_S = 1 << 32, 3600, 60, 12
MINUTE_EVERY, HOUR_EVERY = 8, 32  # checks

# Rolled up by one statement; what one check finds, for it counts all spans each time.
MAX_SPANS, MAX_SECONDS = 250_000, 3600
MAX_FOUND = 100_000
ONE_THREAD = {"max_threads": 1}

Second = tuple[int, int]
"""A second of commit, in Unix s, and how many spans it holds."""


class TraceRollup:
    """Keeps the table `traces` up with `spans`, in a thread from start() to close().

    Whatever is rolled up twice, by this server or by another one, changes nothing. So a second is
    rolled up whenever it holds more spans than were counted before it was rolled up the last time.
    """

    def __init__(self, pool: ClientPool, *, settle_s: int = SETTLE_S) -> None:
        self._pool = pool
        self._settle_s = settle_s
        self._rolling = UnderWay()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rollup", daemon=True)

    def start(self) -> None:
        """Begin with whatever was stored while no server ran."""
        self._thread.start()

    def close(self) -> None:
        """Return when the thread has ended; what it has not done, the next start does."""
        self._closing.set()
        self._thread.join()

    def settle(self) -> None:
        """Return when no statement is under way that was at the call: it may have read old rows."""
        self._rolling.settle()

    def _run(self) -> None:
        for look_back_s in _look_backs():
            while not self._caught_up(look_back_s):
                if self._closing.wait(EVERY_S):
                    return
            if self._closing.wait(EVERY_S):
                return

    def _caught_up(self, look_back_s: int) -> bool:
        try:
            self.catch_up(look_back_s)
        except DomainError as error:
            logger.warning("traces are not rolled up, lists read spans meanwhile: %s", error)
            return False
        return True

    def catch_up(self, look_back_s: int = ALL_S) -> None:
        """Roll up, the oldest first, every settled second since look_back_s before the last one.

        Raises StoreUnavailable and StoreRefused; what was done stays done.
        """
        with self._pool.client() as client, write_errors():
            while True:
                stale = self._stale(client, look_back_s)
                for group in _groups(stale):
                    if self._closing.is_set():
                        return
                    self._roll_up(client, group)
                # What settled meanwhile waits for the next time: else this need not end.
                if len(stale) < MAX_FOUND:
                    return

    def _stale(self, client: Client, look_back_s: int) -> list[Second]:
        parameters = {
            "rolled_up_to": client.query(sql.ROLLED_UP_TO).first_row[0],
            "look_back_s": look_back_s,
            "settle_s": self._settle_s,
            "limit": MAX_FOUND,
        }
        rows: Any = client.query(sql.STALE_SECONDS, parameters=parameters).result_rows
        return [(second, spans) for second, spans in rows]

    def _roll_up(self, client: Client, group: list[Second]) -> None:
        """Roll up, then record: a process that dies in between does it again."""
        seconds, counts = [second for second, _ in group], [spans for _, spans in group]
        span = {"first": seconds[0], "last": seconds[-1], "seconds": seconds}
        with self._rolling.work():
            client.command(sql.ROLL_UP, parameters=span, settings=ONE_THREAD)
        self._pool.check_room()
        client.command(sql.RECORD_SECONDS, parameters={"seconds": seconds, "counts": counts})


def _look_backs() -> Iterator[int]:
    yield ALL_S
    for check in count(1):
        if check % HOUR_EVERY == 0:
            yield HOUR_S
        else:
            yield LATELY_S if check % MINUTE_EVERY else MINUTE_S


def _groups(seconds: list[Second]) -> Iterator[list[Second]]:
    """Cut into runs of MAX_SECONDS that hold MAX_SPANS spans, or one second that holds more."""
    group: list[Second] = []
    size = 0
    for second in seconds:
        if group and (size + second[1] > MAX_SPANS or len(group) == MAX_SECONDS):
            yield group
            group, size = [], 0
        group.append(second)
        size += second[1]
    if group:
        yield group
