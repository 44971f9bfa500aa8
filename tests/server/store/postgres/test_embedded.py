from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from axonize_server.store.postgres.connection import Postgres
from axonize_server.store.postgres.embedded import EmbeddedPostgres

DIE_RUNNING = """
import os, sys
from pathlib import Path
from axonize_server.store.postgres.embedded import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).start()
os.kill(os.getpid(), 9)
"""

DIE_STARTING = """
import os, sys, threading
from pathlib import Path
from axonize_server.store.postgres.embedded import EmbeddedPostgres
threading.Thread(target=EmbeddedPostgres(Path(sys.argv[1])).start).start()
while not Path(sys.argv[1], "PG_VERSION").exists():
    pass
os.killpg(0, 9)
"""


def answer(dsn: str) -> object:
    with Postgres(dsn).connection() as connection:
        return connection.execute(
            "SELECT count(*) FROM pg_tables WHERE tablename = 'kept'"
        ).fetchone()


def test_it_stops_and_keeps_its_data(tmp_path):
    server = EmbeddedPostgres(tmp_path / "postgres")
    dsn = server.start()
    with Postgres(dsn).connection() as connection:
        connection.execute("CREATE TABLE kept ()")
    server.stop()
    server.stop()
    assert Postgres(dsn).ping() is False
    again = EmbeddedPostgres(tmp_path / "postgres")
    assert answer(again.start()) == (1,)
    again.stop()


def test_the_one_that_a_killed_server_left_running_is_taken_over_and_stopped(tmp_path):
    directory = tmp_path / "postgres"
    subprocess.run([sys.executable, "-c", DIE_RUNNING, str(directory)], check=False)
    left_running = (directory / "postmaster.pid").read_text().split()[0]
    server = EmbeddedPostgres(directory)
    dsn = server.start()
    assert (directory / "postmaster.pid").read_text().split()[0] == left_running
    assert Postgres(dsn).ping() is True
    server.stop()
    assert Postgres(dsn).ping() is False


def test_one_that_is_killed_is_started_again_at_its_address(tmp_path):
    directory = tmp_path / "postgres"
    server = EmbeddedPostgres(directory)
    dsn = server.start()
    with Postgres(dsn).connection() as connection:
        connection.execute("CREATE TABLE kept ()")
    os.kill(int((directory / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    deadline = time.monotonic() + 240
    while not Postgres(dsn).ping():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert answer(dsn) == (1,)
    server.stop()
    assert Postgres(dsn).ping() is False


def test_one_whose_making_was_cut_short_is_made_again(tmp_path):
    directory = tmp_path / "postgres"
    command = [sys.executable, "-c", DIE_STARTING, str(directory)]
    subprocess.run(command, check=False, start_new_session=True)
    assert (directory / "PG_VERSION").exists()
    server = EmbeddedPostgres(directory)
    assert Postgres(server.start()).ping() is True
    server.stop()
    assert (tmp_path / "postgres.unfinished" / "PG_VERSION").exists()


def test_a_stale_pid_file_that_names_another_program_is_no_obstacle(tmp_path):
    directory = tmp_path / "postgres"
    server = EmbeddedPostgres(directory)
    server.start()
    running = (directory / "postmaster.pid").read_text().splitlines()
    server.stop()
    stale = [str(os.getpid()), *running[1:]]
    (directory / "postmaster.pid").write_text("\n".join(stale) + "\n")
    again = EmbeddedPostgres(directory)
    assert Postgres(again.start()).ping() is True
    again.stop()


def test_a_truncated_pid_file_is_no_obstacle(tmp_path):
    directory = tmp_path / "postgres"
    server = EmbeddedPostgres(directory)
    server.start()
    server.stop()
    (directory / "postmaster.pid").write_text(f"{os.getpid()}\n")
    again = EmbeddedPostgres(directory)
    assert Postgres(again.start()).ping() is True
    again.stop()


def test_a_deep_folder_is_no_obstacle(tmp_path):
    deep = tmp_path.joinpath(*["a-long-name-of-a-folder"] * 6)
    deep.mkdir(parents=True)
    server = EmbeddedPostgres(deep / "postgres")
    assert Postgres(server.start()).ping() is True
    server.stop()


def test_it_listens_on_no_network_address(postgres):
    with postgres.connection() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.info.host.startswith("/")
