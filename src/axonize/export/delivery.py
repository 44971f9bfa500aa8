"""What was encoded and is not acknowledged yet: its order, retries, bounds and counts."""

from __future__ import annotations

import logging
import random
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from axonize.export.exporter import Receipt, Rejected, Retryable
from axonize.guard import guarded

FIRST_BACK_OFF_S = 1.0
LONGEST_BACK_OFF_S = 30.0
RETRY_FOR_S = 300.0  # a request older than this makes room for a newer one
WARN_EVERY_S = 60.0
REASONS = ("rejected", "expired", "exit", "failed")

_logger = logging.getLogger("axonize")


class Request(NamedTuple):
    """An encoded request, how many spans or points it holds and when it was made (monotonic s)."""

    encoded: bytes
    spans: int
    made: float


class Delivery:
    """Requests in the order in which they were made, sent one at a time.

    A request leaves the queue when it is acknowledged, rejected or too old. After a failure that
    may pass nothing is sent for a while: as long as the collector asks, else a random time below a
    bound that doubles with each failure ("full jitter"). One thread uses it; others read counts.
    """

    def __init__(
        self,
        send: Callable[[bytes, float], Receipt],
        *,
        capacity_bytes: int,
        timeout_s: float,
        what: str = "spans",
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._send = send
        self._capacity_bytes = capacity_bytes
        self._timeout_s = timeout_s
        self._what = what
        self._clock = clock
        self._jitter = jitter
        self._requests: deque[Request] = deque()
        self._bytes = 0
        self._failures = 0  # since the last success
        self._not_before = 0.0
        self._asked_to_wait = False
        self._warned_at = -WARN_EVERY_S
        self.added = 0
        self.finished = 0
        self.exported = 0
        self.dropped = dict.fromkeys(REASONS, 0)
        self.last_error = ""
        self.answered = False

    def __len__(self) -> int:
        return len(self._requests)

    @property
    def has_room(self) -> bool:
        """Whether another request may be added."""
        return self._bytes < self._capacity_bytes

    @property
    def wait_s(self) -> float | None:
        """How many seconds until the next attempt is due; None when nothing waits."""
        return max(0.0, self._not_before - self._clock()) if self._requests else None

    def add(self, encoded: bytes, spans: int) -> None:
        """Append a request."""
        self._requests.append(Request(encoded, spans, self._clock()))
        self._bytes += len(encoded)
        self.added += 1

    @property
    def lost(self) -> int:
        """How many spans will never arrive."""
        return sum(self.dropped.values())

    def hurry(self) -> None:
        """Make the next attempt due now, unless the collector itself asked to wait."""
        if not self._asked_to_wait:
            self._not_before = 0.0

    def attempt(self, timeout_s: float | None = None) -> bool:
        """Send the oldest request if one is due; tell whether another may follow at once."""
        if self.wait_s != 0.0:
            return False
        request = self._requests[0]
        done = self._try(request, self._timeout_s if timeout_s is None else timeout_s)
        if done is None:
            self._finish(request)
            self.lose("failed", request.spans, "an internal error of the exporter")
        return done is not False

    @guarded
    def _try(self, request: Request, timeout_s: float) -> bool:
        try:
            receipt = self._send(request.encoded, timeout_s)
        except Retryable as error:
            self._fail(request, error)
            return False
        except Rejected as error:
            self._finish(request)
            self.lose("rejected", request.spans, str(error))
        else:
            self._finish(request)
            self._acknowledge(request, receipt)
        return True

    def give_up(self, reason: str) -> None:
        """Drop everything that waits."""
        spans = sum(request.spans for request in self._requests)
        while self._requests:
            self._finish(self._requests[0])
        if spans:
            self.lose(reason, spans, self.last_error)

    def lose(self, reason: str, spans: int, why: str) -> None:
        """Count spans that will never arrive, and say so, though not too often."""
        self.dropped[reason] += spans
        self.last_error = why
        self.warn("%s lost: %d (%s: %s)", self._what, spans, reason, why)

    def warn(self, message: str, *values: object) -> None:
        """Log a warning, at most one in WARN_EVERY_S."""
        now = self._clock()
        if now - self._warned_at >= WARN_EVERY_S:
            self._warned_at = now
            _logger.warning(message, *values)

    def _acknowledge(self, request: Request, receipt: Receipt) -> None:
        rejected = min(max(receipt.rejected_spans, 0), request.spans)
        self._failures = 0
        self._asked_to_wait = False
        self.answered = True
        self.exported += request.spans - rejected
        if rejected:
            self.lose("rejected", rejected, receipt.message)
        elif receipt.message:
            self.warn("the collector says: %s", receipt.message)

    def _fail(self, request: Request, error: Retryable) -> None:
        self.last_error = str(error)
        self._failures += 1
        self._asked_to_wait = error.retry_after_s is not None
        self.answered = self.answered or self._asked_to_wait
        delay_s = self._back_off_s() if error.retry_after_s is None else error.retry_after_s
        self._not_before = self._clock() + min(delay_s, RETRY_FOR_S)
        if self._failures > 1:  # a single failure is everyday life
            self.warn("cannot reach the collector, will try again: %s", error)
        if self._clock() - request.made > RETRY_FOR_S:
            self._finish(request)
            self.lose("expired", request.spans, str(error))

    def _back_off_s(self) -> float:
        bound = min(LONGEST_BACK_OFF_S, FIRST_BACK_OFF_S * (1 << min(self._failures - 1, 10)))
        return self._jitter() * bound

    def _finish(self, request: Request) -> None:
        self._requests.popleft()
        self._bytes -= len(request.encoded)
        self.finished += 1
