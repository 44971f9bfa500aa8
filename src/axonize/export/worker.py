"""The background thread: drains the buffer, encodes, sends, and answers flush()."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from axonize.export.delivery import Delivery
from axonize.export.exporter import Exporter, Receipt
from axonize.guard import guarded
from axonize.speed import RingBuffer, encode_request, encode_spans

SLICE = 64  # spans encoded before the host's threads may run again
LARGEST_REQUEST = 2 * 1024 * 1024  # bytes; collectors refuse more than 4 MiB
HAND_OVER_S = 50e-6  # long enough for a thread of the host to take the GIL
PATIENCE_S = 0.05  # for a request that is under way, before it is interrupted
AFTER_INTERRUPT_S = 1.0


class Worker:
    """One daemon thread between a buffer and an exporter; it starts with start().

    The exporter is made in that thread when the first request is sent. `tick` is called there too,
    about every `interval_s`, before an exit once more. `settle` ends spans that are due, and is
    called again as long as it says that there are more.
    """

    def __init__(
        self,
        buffer: RingBuffer,
        make_exporter: Callable[[], Exporter],
        resource: Mapping[str, object],
        scope: tuple[str, str],
        *,
        batch_size: int,
        interval_s: float,
        timeout_s: float,
        retry_bytes: int,
        tick: Callable[[], object] = lambda: None,
        settle: Callable[[], bool] = lambda: False,
    ) -> None:
        self._buffer = buffer
        self._make_exporter = make_exporter
        self._exporter: Exporter | None = None
        self._resource = resource
        self._scope = scope
        self._batch_size = batch_size
        self._interval_s = interval_s
        self._timeout_s = timeout_s
        self._tick = tick
        self._settle = settle
        self.delivery = Delivery(self._send, capacity_bytes=retry_bytes, timeout_s=timeout_s)
        self._thread: threading.Thread | None = None
        self._bell = threading.Lock()  # released to wake the thread
        self._bell.acquire()
        self._sending = threading.Lock()
        self._flushed = threading.Condition()
        self._asked = self._answered = 0  # flushes
        self._promised = 0
        self._promises: deque[tuple[int, int]] = deque()  # a flush, the request that completes it
        self._next_tick = time.monotonic() + interval_s
        self._exit_by: float | None = None  # monotonic s
        self._overflow = 0  # spans the buffer refused, as far as the log knows

    def start(self) -> None:
        """Start the thread, once."""
        with self._flushed:
            if self._thread is None and self._exit_by is None:
                self._thread = threading.Thread(target=self._run, name="axonize", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Make the thread look at the buffer; cheap, and nothing when it is awake already."""
        if self._thread is None:
            self.start()
        if self._bell.locked():
            with contextlib.suppress(RuntimeError):  # another thread was faster
                self._bell.release()

    def send_within(self, seconds: float) -> None:
        """Have what has ended sent within this long, however little it is, without a wait."""
        due = time.monotonic() + seconds
        if due < self._next_tick:
            self._next_tick = due
            self.wake()

    def send_metrics(self, request: bytes, timeout_s: float) -> Receipt:
        """Send metrics the way spans go, during tick() only; at an exit for no longer than it."""
        if self._exit_by is not None:
            timeout_s = min(timeout_s, max(0.0, self._exit_by - time.monotonic()))
        with self._sending:
            return self._open_exporter().send_metrics(request, timeout_s)

    def flush(self, timeout_s: float) -> bool:
        """Send what has ended; true once all of it is acknowledged, false if any is not in time."""
        if self._thread is None and not len(self._buffer):
            return True
        lost = self.delivery.lost
        self.start()
        with self._flushed:
            self._asked += 1
            ticket = self._asked
            self.wake()
            self._flushed.wait_for(lambda: self._answered >= ticket, timeout_s)
            return self._answered >= ticket and self.delivery.lost == lost

    def stop(self, timeout_s: float) -> None:
        """Send what waits, for at most this long, and end the thread.

        A collector that has never answered is tried once only.
        """
        with self._flushed:
            self._exit_by = time.monotonic() + timeout_s
        self.wake()
        if self._thread is None or self._thread is threading.current_thread():
            return
        self._thread.join(timeout_s + PATIENCE_S)
        if self._thread.is_alive() and self._exporter is not None:
            self._exporter.interrupt()
            self._thread.join(AFTER_INTERRUPT_S)

    def pause(self) -> bool:
        """Keep the exporter quiet until resume(): no request may be under way during a fork."""
        if self._sending.acquire(timeout=PATIENCE_S):
            return True
        give_up = time.monotonic() + AFTER_INTERRUPT_S
        while time.monotonic() < give_up:
            if self._exporter is not None:
                self._exporter.interrupt()
            if self._sending.acquire(timeout=PATIENCE_S):
                return True
        return False

    def resume(self) -> None:
        """End a successful pause()."""
        self._sending.release()

    def _run(self) -> None:
        while self._exit_by is None:
            self._sleep()
            everything = time.monotonic() >= self._next_tick
            if everything:
                self._next_tick = time.monotonic() + self._interval_s
            with guarded:
                self._turn(everything)
        with guarded:
            self._leave()

    def _sleep(self) -> None:
        if self._is_behind():
            return
        until_tick = max(0.0, self._next_tick - time.monotonic())
        until_attempt = self.delivery.wait_s
        pause_s = until_tick if until_attempt is None else min(until_tick, until_attempt)
        self._bell.acquire(timeout=pause_s)

    def _is_behind(self) -> bool:
        return len(self._buffer) >= self._batch_size and self.delivery.has_room

    def _turn(self, everything: bool) -> None:
        """Encode and send what is due: full batches, or everything on a tick and for a flush."""
        asked = self._asked
        if asked > self._promised:
            self.delivery.hurry()
            everything = True
        remaining = self._encode_all(1 if everything else self._batch_size, settles=everything)
        if remaining <= 0 and asked > self._promised:
            self._promised = asked
            self._promises.append((asked, self.delivery.added))
        while self.delivery.attempt():
            pass
        if everything:
            self._report_overflow()
            self._tick()
        # Last, so that whoever has flushed finds the status file up to date.
        self._keep_promises()

    def _encode_all(self, least: int, *, settles: bool) -> int:
        """Encode what is there now, as long as it is so much; return how much was left of it.

        Spans that become due without end are left to the next turn once a tick is due, or the exit.
        """
        until = time.monotonic() + self._interval_s
        more = True
        while more:
            more = settles and self._settle_some(until)
            remaining = len(self._buffer)
            while remaining >= least and self.delivery.has_room:
                taken = self._encode(remaining)
                if not taken:
                    break
                remaining -= taken
                self.delivery.attempt()
            more = more and self.delivery.has_room and self._may_go_on(until)
        return remaining

    def _settle_some(self, until: float) -> bool:
        """Fill a quarter of the buffer with spans that are due; say whether there are more.

        Where they cannot be sent all are made, and lost as they find no place: they must not wait.
        """
        while more := self._settle():
            time.sleep(HAND_OVER_S)
            enough = len(self._buffer) * 4 >= self._buffer.capacity and self.delivery.has_room
            if enough or not self._may_go_on(until):
                break
        return more

    def _may_go_on(self, until: float) -> bool:
        return time.monotonic() < until and self._exit_by is None

    def _settle_rest(self, until: float) -> None:
        while time.monotonic() < until and self._settle():
            pass

    def _report_overflow(self) -> None:
        new = self._buffer.dropped - self._overflow
        if new:
            self._overflow += new
            self.delivery.warn("spans lost: %d (buffer full: raise buffer_size)", new)

    def _keep_promises(self) -> None:
        while self._promises and self.delivery.finished >= self._promises[0][1]:
            with self._flushed:
                self._answered, _ = self._promises.popleft()
                self._flushed.notify_all()
        if self._asked > self._promised and self.delivery.has_room:
            self.wake()

    def _encode(self, most: int) -> int:
        """Make one request of at most so many spans; return how many it took from the buffer."""
        slices, size, count = [], 0, 0
        while count < most and size < LARGEST_REQUEST:
            spans = self._buffer.drain(min(SLICE, most - count))
            if not spans:
                break
            count += len(spans)
            slices.append(encode_spans(spans))
            size += len(slices[-1])
            del spans
            if len(self._buffer) * 2 < self._buffer.capacity:  # else there is no time to be polite
                time.sleep(0)
        if slices:
            self.delivery.add(encode_request(self._resource, self._scope, slices), count)
        return count

    def _send(self, request: bytes, timeout_s: float) -> Receipt:
        with self._sending:
            return self._open_exporter().send(request, timeout_s)

    def _open_exporter(self) -> Exporter:
        if self._exporter is None:
            self._exporter = self._make_exporter()
        return self._exporter

    def _leave(self) -> None:
        assert self._exit_by is not None
        delivery = self.delivery
        delivery.hurry()
        self._settle_rest((time.monotonic() + self._exit_by) / 2)  # half of the time is for sending
        while len(self._buffer) or len(delivery):
            if len(self._buffer) and delivery.has_room:
                self._encode(len(self._buffer))
            left_s = self._exit_by - time.monotonic()
            if left_s <= 0:
                break
            if delivery.attempt(min(left_s, self._timeout_s)):
                continue
            pause_s = delivery.wait_s or 0.0
            if not delivery.answered or pause_s > left_s:
                break
            time.sleep(pause_s)
        delivery.give_up("exit")
        if left := len(self._buffer):
            delivery.lose("exit", left, delivery.last_error)
        self._tick()
        if self._exporter is not None:
            self._exporter.close()
        with self._flushed:
            self._answered = self._asked
            self._flushed.notify_all()
