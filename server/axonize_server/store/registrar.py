"""Keeps the registry of GPUs up to date, in the background, from what ClickHouse has stored.

Nothing that is acknowledged waits for it, and what it missed while PostgreSQL was away is still in
ClickHouse. What GPUs are is not stored there: it is noted as it comes, and its senders say it again
every minute.
"""

from __future__ import annotations

import logging
import threading
import time

from axonize_server.gpus import Identity, Sighting
from axonize_server.model import DomainError
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.notes import Notes
from axonize_server.store.postgres.gpus import GpuRegistry
from axonize_server.store.under_way import UnderWay

EVERY_S = 10.0
SECOND = 1_000_000_000
# A commit may become visible after the time that it says: nearly always by so much at most, which
# each turn reads again; and never by more than a minute, so once a minute two of them are read.
OVERLAP_NS, MINUTE_NS = 5 * SECOND, 60 * SECOND
SLICE_NS = 6 * 3600 * SECOND
# Of GPUs that are known already, the time when they were last seen may be this old.
STALE_NS = 60 * SECOND
LOOK_BACK_NS = 7 * 86_400 * SECOND  # with an empty registry
MOST_REMEMBERED = 100_000

_logger = logging.getLogger(__name__)


class Registrar:
    """One thread, from the beginning until stop(); every error is tried again."""

    def __init__(
        self, reader: GpuReader, registry: GpuRegistry, *, every_s: float = EVERY_S
    ) -> None:
        self._reader = reader
        self._registry = registry
        self._every_s = every_s
        self._read_ns: int | None = None  # commits up to here are in the registry
        self._read_again_ns = 0  # when two minutes are read, by the clock
        self._written: dict[tuple[object, ...], int] = {}  # when each was last seen
        self._notes = Notes()
        self._stopped = threading.Event()
        self._recording = UnderWay()
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="registrar", daemon=True)
        self._thread.start()

    def note(self, identity: Identity) -> None:
        """Have what a GPU is written in one of the next turns; from any thread."""
        self._notes.note(identity)

    def settle(self) -> None:
        """Return when nothing is written any more that was read before the call."""
        self._recording.settle()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            self._turn()

    def _turn(self) -> None:
        try:
            self._catch_up(time.time_ns())
            self._identify()
            self._failing = False
        except Exception as error:  # noqa: BLE001 - the next turn may succeed
            self._report(error)

    def _report(self, error: Exception) -> None:
        if not self._failing:
            trace = None if isinstance(error, DomainError) else error
            _logger.warning("the registry of GPUs waits: %s", error, exc_info=trace)
        self._failing = True

    def _catch_up(self, now_ns: int) -> None:
        if self._read_ns is None:
            recorded_ns = self._registry.recorded_ns()
            self._read_ns = now_ns - LOOK_BACK_NS if recorded_ns is None else recorded_ns
        again = now_ns >= self._read_again_ns
        overlap_ns = 2 * MINUTE_NS if again else OVERLAP_NS
        while self._read_ns < now_ns and not self._stopped.is_set():
            to_ns = min(self._read_ns + SLICE_NS, now_ns)
            with self._recording.work():
                self._record(self._reader.sighted(self._read_ns - overlap_ns, to_ns), to_ns)
            self._read_ns = to_ns
        if again:
            self._read_again_ns = now_ns + MINUTE_NS

    def _record(self, sightings: list[Sighting], to_ns: int) -> None:
        new = [each for each in sightings if self._is_news(each)]
        if not new:
            return
        self._registry.record(new, to_ns)
        if len(self._written) > MOST_REMEMBERED:
            self._written.clear()
        self._written |= {each[:-2]: each.last_ns for each in new}

    def _identify(self) -> None:
        """Write what was noted of GPUs that are in the registry; what of others waits for them."""
        taken = self._notes.take()
        if taken:
            self._notes.done(taken, self._registry.identify(taken))

    def _is_news(self, sighting: Sighting) -> bool:
        written_ns = self._written.get(sighting[:-2])
        return written_ns is None or sighting.last_ns - written_ns >= STALE_NS
