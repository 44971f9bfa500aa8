"""Group commit: requests that arrive together are decoded, inserted and answered together."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from axonize_server.ingest.decoder import new_decoder
from axonize_server.ingest.fair_queue import FairQueue
from axonize_server.ingest.rows import Decoder, Rows
from axonize_server.model import (
    Accepted,
    DomainError,
    Forbidden,
    MalformedRequest,
    Overloaded,
    StoreRefused,
    StoreUnavailable,
)
from axonize_server.store.under_way import UnderWay

logger = logging.getLogger(__name__)

Answer = Accepted | DomainError

# How many commits long a batch waits, for half of a small one is cost that it always has; by the
# shortest of the last ones, for one that merges or roll-ups held up says nothing of the next.
LINGER_COMMITS, LAST_COMMITS = 2, 8
ANSWERED_AT_ONCE = 4


@dataclass
class Counters:
    """What the batcher did since it started; `refused` counts requests by the class of error."""

    accepted_spans: int = 0
    rejected_spans: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    queue_bytes: int = 0
    commits: int = 0
    commit_seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class _Waiting:
    """A request whose sender waits for the answer."""

    tenant: str
    body: bytes
    future: asyncio.Future[Accepted]
    since: float = field(default_factory=time.monotonic)

    def answer(self, answer: Answer) -> None:
        """Answer from any thread; a sender that has left, or its loop, is no error."""
        with suppress(RuntimeError):
            self.future.get_loop().call_soon_threadsafe(self.set, answer)

    def set(self, answer: Answer) -> None:
        """Answer from the thread of the loop."""
        if self.future.done():
            return
        if isinstance(answer, Accepted):
            self.future.set_result(answer)
        else:
            self.future.set_exception(answer)


@dataclass(frozen=True)
class _Block:
    """Rows to insert, in the order of the requests that they came with."""

    waiting: list[_Waiting]
    rows: Rows


class Batcher:
    """Collects requests in a bounded queue; one thread decodes while another one inserts.

    A `decoder` makes tables of requests; `write` stores the tables before it returns and is called
    from one thread. A batch waits twice as long as a commit takes lately, within `linger_s`, but
    not when `commit_bytes` are there, and a sender that was alone waits once as long. What is not
    stored within `deadline_s` is refused; it may still be stored afterwards. Tenants take turns,
    and a full queue refuses the one that holds most. What waits is refused when its tenant
    `is_suspended` by the time it would be written, or before: at `settle`.
    """

    def __init__(
        self,
        write: Callable[..., None],
        *,
        decoder: Callable[[], Decoder] = new_decoder,
        max_queue_bytes: int = 128 << 20,
        commit_bytes: int = 16 << 20,
        linger_s: tuple[float, float] = (0.02, 0.2),
        deadline_s: float = 30.0,
        is_suspended: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._write = write
        self._new_decoder = decoder
        self._max_queue_bytes = max_queue_bytes
        self._commit_bytes = commit_bytes
        self._shortest_linger_s, self._longest_linger_s = linger_s
        self._deadline_s = deadline_s
        self._is_suspended = is_suspended
        self._writing = UnderWay()
        self._counters = Counters()
        self._queue: FairQueue[_Waiting] = FairQueue()
        self._commits_s: deque[float] = deque(maxlen=LAST_COMMITS)
        self._last_requests = 0
        self._closed = False
        self._changed = threading.Condition()
        # One batch is inserted while the next one is decoded; what arrives meanwhile waits as bytes
        # and makes the batch after those larger.
        self._free_places = threading.Semaphore(2)
        self._batches: queue.SimpleQueue[list[_Block] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=loop, name=name, daemon=True)
            for name, loop in (("decode", self._decode_loop), ("insert", self._insert_loop))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def counters(self) -> Counters:
        """The live counters; read only."""
        return self._counters

    async def submit(self, tenant: str, body: bytes) -> Accepted:
        """Return when what an OTLP request brings is stored.

        Raises MalformedRequest and StoreRefused (never retry), Overloaded and StoreUnavailable.
        """
        try:
            accepted = await self._stored(tenant, body)
        except DomainError as error:
            self._counters.refused[type(error).__name__] += 1
            raise
        self._counters.accepted_spans += accepted.spans
        self._counters.rejected_spans += accepted.rejected
        self._counters.rejected_by_reason.update(accepted.reasons)
        return accepted

    async def _stored(self, tenant: str, body: bytes) -> Accepted:
        waiting = _Waiting(tenant, body, asyncio.get_running_loop().create_future())
        self._enqueue(waiting)
        try:
            return await asyncio.wait_for(waiting.future, self._deadline_s)
        except asyncio.TimeoutError:
            message = f"the request was not stored within {self._deadline_s:g} s"
            raise StoreUnavailable(message) from None

    def _enqueue(self, waiting: _Waiting) -> None:
        with self._changed:
            if self._closed:
                raise StoreUnavailable("the server is shutting down")
            self._make_room(waiting)
            self._counters.queue_bytes += len(waiting.body)
            self._queue.put(waiting)
            self._changed.notify()

    def _make_room(self, waiting: _Waiting) -> None:
        """Refuse what a tenant that holds more than this one sent last, or else this one."""
        size = len(waiting.body)
        while (held := self._counters.queue_bytes) + size > self._max_queue_bytes:
            full = Overloaded(f"{held} bytes wait to be stored already")
            displaced = self._queue.displace(waiting.tenant, size)
            if displaced is None:
                raise full
            self._finish(displaced, full)

    async def close(self) -> None:
        """Refuse new requests, and return when those already taken are answered."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def settle(self) -> None:
        """Refuse what waits of suspended tenants, and return when no write is under way of them.

        That is one write at most, however many follow it.
        """
        for one in self._withdraw_suspended():
            self._finish(one, _suspended(one))
        self._writing.settle()

    def _withdraw_suspended(self) -> list[_Waiting]:
        with self._changed:
            suspended = filter(self._is_suspended, self._queue.tenants)
            return [one for tenant in suspended for one in self._queue.withdraw(tenant)]

    def _finish(self, waiting: _Waiting, answer: Answer) -> None:
        with self._changed:
            self._counters.queue_bytes -= len(waiting.body)
        waiting.answer(answer)

    # The decode thread

    def _decode_loop(self) -> None:
        while True:
            self._free_places.acquire()
            if not self._wait_until_due():
                self._batches.put(None)
                return
            self._batches.put(list(self._decode(*self._read())))

    def _wait_until_due(self) -> bool:
        """Wait until a batch is due; return False when the batcher is closed and empty.

        What waited may have been withdrawn meanwhile.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            if self._queue:
                due = self._queue.oldest + self._linger_s()
                self._changed.wait_for(
                    lambda: self._queue.bytes >= self._commit_bytes or self._closed,
                    max(0.0, due - time.monotonic()),
                )
            return bool(self._queue) or not self._closed

    def _linger_s(self) -> float:
        commits = 1 if self._last_requests == 1 else LINGER_COMMITS
        linger_s = max(commits * min(self._commits_s, default=0.0), self._shortest_linger_s)
        return min(linger_s, self._longest_linger_s)

    def _read(self) -> tuple[list[_Waiting], Decoder]:
        """Take requests from the queue until their columns have the size of a commit."""
        taken: list[_Waiting] = []
        decoder = self._new_decoder()
        size = 0
        while size < self._commit_bytes and (waiting := self._next()):
            if waiting.future.cancelled():
                self._finish(waiting, StoreUnavailable("the sender has left"))
                continue
            try:
                size += decoder.add(waiting.tenant, waiting.body)
            except Exception as error:  # noqa: BLE001  one request must not stop the thread
                self._finish(waiting, _unreadable(error))
            else:
                taken.append(waiting)
        return taken, decoder

    def _next(self) -> _Waiting | None:
        with self._changed:
            return self._queue.next()

    def _decode(self, waiting: list[_Waiting], decoder: Decoder) -> Iterator[_Block]:
        try:
            parts = decoder.finish()
        except Exception as error:  # noqa: BLE001  one request must not refuse the others
            if len(waiting) == 1:
                self._finish(waiting[0], _unreadable(error))
            else:
                yield from self._decode_halves(waiting)
        else:
            for rows in parts:
                yield _Block([waiting[place] for place in rows.places], rows)

    def _decode_halves(self, waiting: list[_Waiting]) -> Iterator[_Block]:
        """Decode requests that could be read once more, in two parts."""
        middle = len(waiting) // 2
        for half in (waiting[:middle], waiting[middle:]):
            yield from self._decode_again(half)

    def _decode_again(self, waiting: list[_Waiting]) -> Iterator[_Block]:
        decoder = self._new_decoder()
        for one in waiting:
            decoder.add(one.tenant, one.body)
        yield from self._decode(waiting, decoder)

    # The insert thread

    def _insert_loop(self) -> None:
        while (blocks := self._batches.get()) is not None:
            for block in blocks:
                with self._writing.work():
                    self._insert_permitted(block)
            self._last_requests = sum(len(block.waiting) for block in blocks)
            self._free_places.release()

    def _insert_permitted(self, block: _Block) -> None:
        """Store a block without the requests of tenants that were suspended while they waited."""
        refused = [one for one in block.waiting if self._is_suspended(one.tenant)]
        if not refused:
            self._insert(block)
            return
        for one in refused:
            self._finish(one, _suspended(one))
        if rest := [one for one in block.waiting if one not in refused]:
            for part in self._decode_again(rest):
                self._insert(part)

    def _insert(self, block: _Block) -> None:
        """Store a block; when its data is at fault, look for the request that is."""
        try:
            self._commit(block.rows)
        except (StoreUnavailable, Overloaded) as error:
            self._finish_all(block.waiting, [error] * len(block.waiting))
        except Exception as error:  # noqa: BLE001  one request must not refuse the others
            if len(block.waiting) == 1:
                self._finish(block.waiting[0], _not_stored(error))
                return
            for part in self._decode_halves(block.waiting):
                self._insert(part)
        else:
            self._finish_all(block.waiting, block.rows.answers)

    def _commit(self, rows: Rows) -> None:
        if not any(table.num_rows for table in rows.tables):
            return
        started = time.monotonic()
        self._write(*rows.tables)
        took_s = time.monotonic() - started
        self._commits_s.append(took_s)
        self._counters.commits += 1
        self._counters.commit_seconds += took_s

    def _finish_all(self, waiting: list[_Waiting], answers: Sequence[Answer]) -> None:
        """Wake the loop of the senders once, not for each of them."""
        with self._changed:
            self._counters.queue_bytes -= sum(len(one.body) for one in waiting)
        loops: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, Answer]]] = {}
        for pair in zip(waiting, answers, strict=True):
            loops.setdefault(pair[0].future.get_loop(), []).append(pair)
        for loop, pairs in loops.items():
            with suppress(RuntimeError):  # the loop has ended, and its senders have left
                loop.call_soon_threadsafe(_set_all, pairs)


def _set_all(pairs: Sequence[tuple[_Waiting, Answer]]) -> None:
    """Answer some, and the others after what came to the loop meanwhile: forty take it 20 ms."""
    for waiting, answer in pairs[:ANSWERED_AT_ONCE]:
        waiting.set(answer)
    if rest := pairs[ANSWERED_AT_ONCE:]:
        asyncio.get_running_loop().call_soon(_set_all, rest)


def _suspended(waiting: _Waiting) -> Forbidden:
    return Forbidden(f"tenant {waiting.tenant} is suspended")


def _unreadable(error: Exception) -> DomainError:
    if isinstance(error, DomainError):
        return error
    logger.error("a request could not be decoded", exc_info=error)
    return MalformedRequest(f"the request cannot be decoded: {type(error).__name__}")


def _not_stored(error: Exception) -> DomainError:
    if isinstance(error, StoreRefused):
        return error
    logger.error("a block could not be inserted", exc_info=error)
    return StoreUnavailable(f"the request was not stored: {type(error).__name__}")
