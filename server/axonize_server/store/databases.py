"""Opens both databases, brings them to this release, and closes them again."""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from axonize_server.model import StartError
from axonize_server.settings import ServerSettings
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.parts.mender import Mender
from axonize_server.store.clickhouse.parts.room import Room
from axonize_server.store.migrate import Progress, available, migrate, say_nothing
from axonize_server.store.postgres.connection import Postgres

READ_CONNECTIONS = 4
# Nobody waits longer for an insert, and a probe answers before those who probe give up.
WRITE_TIMEOUT_S, PROBE_TIMEOUT_S = 30, 3
ROLL_UP_TIMEOUT_S = 300  # a backlog is rolled up in large pieces


class Databases:
    """ClickHouse and PostgreSQL, ready for use; the caller holds the lock of the data folder.

    `applied` names the migrations that this start applied; `applying` is told of each. Opening
    raises StartError, StoreUnavailable and MigrationError, and leaves nothing running then.
    """

    def __init__(self, settings: ServerSettings, applying: Progress = say_nothing) -> None:
        _empty_scratch_folder(settings)
        dsn, read_timeout_s = settings.clickhouse, settings.query_timeout_s + 5
        room = _room(dsn)
        self.reading = ClientPool(dsn, READ_CONNECTIONS, timeout_s=read_timeout_s)
        self.writing = ClientPool(dsn, size=1, timeout_s=WRITE_TIMEOUT_S, room=room)
        # Never waits for spans.
        self.writing_metrics = ClientPool(dsn, size=1, timeout_s=WRITE_TIMEOUT_S, room=room)
        # Never waits for a long query.
        self.probing = ClientPool(dsn, size=1, timeout_s=PROBE_TIMEOUT_S)
        # Each roll-up has its own.
        self.rolling_up = ClientPool(dsn, size=4, timeout_s=ROLL_UP_TIMEOUT_S, room=room)
        # Returns when rows are gone, which takes longer than whoever reads would wait.
        self.removing = ClientPool(dsn, size=2, timeout_s=ROLL_UP_TIMEOUT_S)
        mending = ClientPool(dsn, size=1, timeout_s=WRITE_TIMEOUT_S)
        self.mender = Mender(mending, room) if room is not None else None
        pools = (
            *(self.reading, self.writing, self.writing_metrics),
            *(self.rolling_up, self.removing, self.probing, mending),
        )
        with ExitStack() as undo, ThreadPoolExecutor() as threads:
            for pool in pools:
                undo.callback(pool.close)
            clickhouse = threads.submit(self.reading.open)
            self.postgres = Postgres(settings.postgres_dsn or _start_postgres(settings, undo))
            clickhouse.result()
            self.applied = migrate(
                self.postgres, self.reading, settings.clickhouse_cluster, applying
            )
            self._close = undo.pop_all()

    @property
    def schema(self) -> dict[str, int]:
        """Return the number of the last migration of each."""
        return {name: available(name)[-1].version for name in ("clickhouse", "postgres")}

    def close(self) -> None:
        """Close every connection and stop what was started."""
        self._close.close()


def _room(dsn: str) -> Room | None:
    """Return the room of the engine in this process; a server of its own minds its disk itself."""
    is_embedded = dsn.startswith("chdb://")
    return Room(Path(dsn.removeprefix("chdb://"))) if is_embedded else None


def _start_postgres(settings: ServerSettings, undo: ExitStack) -> str:
    # Here, because an image for servers with a PostgreSQL of their own leaves the package out.
    try:
        from axonize_server.store.postgres.embedded import EmbeddedPostgres
    except ModuleNotFoundError as error:
        raise _not_brought_along("PostgreSQL", "AXONIZE_POSTGRES_DSN", error) from None
    server = EmbeddedPostgres(settings.data_path / "postgres")
    undo.callback(server.stop)
    return server.start()


def _not_brought_along(what: str, variable: str, error: ImportError) -> StartError:
    return StartError(f"{what} was not installed with this server: set {variable} ({error.name})")


def _empty_scratch_folder(settings: ServerSettings) -> None:
    """Make the folder for temporary files; a killed server leaves blocks it was inserting there."""
    scratch = settings.data_path / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True, mode=0o700)
    tempfile.tempdir = str(scratch)
