"""Connections to ClickHouse, in this process or over HTTP, each used by one thread at a time."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from axonize_server.model import (
    DomainError,
    Overloaded,
    QueryTooLarge,
    QueryTooSlow,
    StartError,
    StoreRefused,
    StoreUnavailable,
)
from axonize_server.store.clickhouse import sql
from axonize_server.store.clickhouse.parts.room import Room

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# The ingest path already groups what it writes, so ClickHouse must not wait for more, and a block
# is stored as it came: merging it right away costs a fifth of the insert. A statement names all
# that its block brings: to look for what it may lack takes a fifth of a small insert.
# On a cluster an insert returns when the shards have the rows, not when they are on their way, and
# what a subquery finds on all shards is sent to each.
SESSION_SETTINGS = {
    "async_insert": 0,
    "optimize_on_insert": 0,
    "input_format_defaults_for_omitted_fields": 0,
    "distributed_foreground_insert": 1,
    "distributed_product_mode": "global",
}

# An engine inside this process shares the machine with the event loop: one merge thread a core is
# too many on small machines, and the default caches of 5 GB each are meant for a server of its own.
ENGINE_OPTIONS = {
    "background_pool_size": 1,
    "max_server_memory_usage": 1_500_000_000,
    "mark_cache_size": 64 << 20,
    "index_mark_cache_size": 32 << 20,
    "primary_index_cache_size": 64 << 20,
    # Blooms of ids, as they are asked for: without it each lookup reads those of all parts again.
    "index_uncompressed_cache_size": 32 << 20,
    # Removing rows is a task for each part of a table and the pool holds two of them; who finds it
    # full would come back after up to a second, so that a table of 24 parts takes 7 s, not 0.7.
    "background_processing_pool_task_sleep_seconds_when_no_work_random_part": 0.02,
    "background_processing_pool_thread_sleep_seconds_if_nothing_to_do": 0.05,
}
# ClickHouse takes one thread where less than 1 GiB a thread is free; here that would be always.
ENGINE_SETTINGS = {"max_threads_min_free_memory_per_thread": 128 << 20}

TOO_SLOW = {159, 160}  # TIMEOUT_EXCEEDED, TOO_SLOW
TOO_LARGE = {158, 241, 307, 396}  # TOO_MANY_ROWS, MEMORY_LIMIT, TOO_MANY_BYTES, ..._OR_BYTES
# What passes by itself or by the hand of an operator: the rows are not at fault.
UNAVAILABLE = {
    *(75, 76, 425),  # CANNOT_WRITE_TO_FILE_DESCRIPTOR, CANNOT_OPEN_FILE, SYSTEM_ERROR: a full disk
    # CANNOT_READ_ALL_DATA, CORRUPTED_DATA, UNKNOWN_TABLE, TABLE_ALREADY_EXISTS: while it is mended
    *(33, 246, 60, 57),
    *(243, 252),  # NOT_ENOUGH_SPACE, TOO_MANY_PARTS
    *(202, 209, 210, 279),  # TOO_MANY_SIMULTANEOUS_QUERIES, SOCKET_TIMEOUT, NETWORK_ERROR, ...
    *(32, 236, 394, 439),  # ATTEMPT_TO_READ_AFTER_EOF, ABORTED, QUERY_WAS_CANCELLED, no thread
    *(164, 242, 225, 285, 319, 999),  # READONLY, TABLE_IS_READ_ONLY; the keeper and the replicas
    *(81, 192, 193, 194, 497, 516),  # UNKNOWN_DATABASE, the user's password and rights
}
CONNECT_TIMEOUT_S = 5


def read_error(error: Exception) -> DomainError:
    """Return the domain error for what went wrong while asking ClickHouse a question."""
    code = getattr(error, "code", None)
    if code in TOO_SLOW:
        return QueryTooSlow("the query took too long; ask for a shorter time range")
    if code in TOO_LARGE:
        return QueryTooLarge("the query reads too much; ask for a shorter time range")
    return write_error(error)


def write_error(error: Exception) -> DomainError:
    """Return the domain error for a failed insert or connection.

    Without a code the server did not answer at all; running out of memory passes by itself.
    """
    code = getattr(error, "code", None)
    if code is None or code in UNAVAILABLE or code in TOO_LARGE:
        return StoreUnavailable(f"ClickHouse does not take requests: {_first_line(error)}")
    return StoreRefused(f"ClickHouse refused the statement: {_first_line(error)}")


@contextmanager
def write_errors() -> Iterator[None]:
    """Raise the domain error, of `write_error`, for what goes wrong within."""
    try:
        yield
    except (ClickHouseError, OSError) as error:
        raise write_error(error) from error


def _is_stale(error: Exception) -> bool:
    """Return whether the server did not answer, as opposed to answering with an error."""
    cause = error.__cause__ if isinstance(error, DomainError) else error
    return isinstance(cause, (ClickHouseError, OSError)) and getattr(cause, "code", None) is None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]


def connect(dsn: str, timeout_s: int = 30) -> Client:
    """Open one connection; dsn is chdb://<directory> or http(s)://user:password@host:port/db.

    Over HTTP an answer is waited for timeout_s seconds at most. Raises StoreUnavailable, and
    StartError where chDB is not installed.
    """
    try:
        if dsn.startswith("chdb://"):
            return _open_embedded(Path(dsn.removeprefix("chdb://")))
        return clickhouse_connect.get_client(
            dsn=dsn,
            settings=dict(SESSION_SETTINGS),
            autogenerate_session_id=False,
            connect_timeout=CONNECT_TIMEOUT_S,
            send_receive_timeout=timeout_s,
            # Sockets of its own: those of one pool that break or wait do not concern the others.
            dedicated_pool=True,
        )
    except ImportError as error:
        raise StartError(
            f"ClickHouse was not installed with this server: set AXONIZE_CLICKHOUSE_DSN ({error})"
        ) from None
    except (ClickHouseError, OSError) as error:
        raise StoreUnavailable(f"cannot open ClickHouse: {_first_line(error)}") from error


def _open_embedded(directory: Path) -> Client:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return clickhouse_connect.get_client(
        interface="chdb",
        path=str(directory),
        chdb_options=dict(ENGINE_OPTIONS),
        settings=SESSION_SETTINGS | ENGINE_SETTINGS,
    )


class ClientPool:
    """At most `size` connections, opened when needed; a thread borrows one for one query.

    A connection whose server did not answer is closed, and the next borrower opens another one:
    the server that comes back may be a different one. Where `room` is given, what is written counts
    only if there was room for it before and after.
    """

    def __init__(
        self,
        dsn: str,
        size: int,
        wait_s: float = 10.0,
        timeout_s: int = 30,
        room: Room | None = None,
    ) -> None:
        self.dsn = dsn
        self._room = room
        self._wait_s = wait_s
        self._timeout_s = timeout_s
        self._idle: queue.LifoQueue[Client | None] = queue.LifoQueue()
        self._size = size
        for _ in range(size):
            self._idle.put(None)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Lend a connection.

        Raises Overloaded when none comes back within wait_s seconds, and StoreUnavailable, also
        at the end, when there is no room.
        """
        try:
            client = self._idle.get(timeout=self._wait_s)
        except queue.Empty:
            raise Overloaded(f"all {self._size} ClickHouse connections are busy") from None
        try:
            self.check_room()
            client = client or connect(self.dsn, self._timeout_s)
            yield client
            self.check_room()
        except Exception as error:
            if client is not None and _is_stale(error):
                client.close()
                client = None
            raise
        finally:
            self._idle.put(client)

    def check_room(self) -> None:
        """Raise StoreUnavailable when what was written may be cut for want of room."""
        if self._room is not None:
            self._room.check()

    def open(self) -> None:
        """Open the first connection now; raises StoreUnavailable."""
        with self.client():
            pass

    def columns(
        self, query: str, parameters: Mapping[str, object], limits: Mapping[str, int]
    ) -> Sequence[Sequence[Any]]:
        """Run a query and return its columns; raises QueryTooSlow, QueryTooLarge, Store*."""
        with self.client() as client:
            try:
                result = client.query(
                    query, parameters=dict(parameters), settings=dict(limits), column_oriented=True
                )
            except (ClickHouseError, OSError) as error:
                raise read_error(error) from error
            columns: Sequence[Sequence[Any]] = result.result_columns
            return columns

    def ping(self) -> bool:
        """Return whether ClickHouse answers."""
        try:
            with self.client() as client:
                return bool(client.query(sql.PING).result_rows)
        except (DomainError, ClickHouseError, OSError):
            return False

    def close(self) -> None:
        """Close the idle connections; call it when nobody asks any more."""
        while not self._idle.empty():
            client = self._idle.get_nowait()
            if client is not None:
                client.close()
