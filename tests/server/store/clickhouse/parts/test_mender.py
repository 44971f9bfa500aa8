from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from axonize_server.model import StoreUnavailable
from axonize_server.store.clickhouse.parts import sql
from axonize_server.store.clickhouse.parts.mender import Mender
from axonize_server.store.clickhouse.parts.room import Room

ROWS = 300
ACTIVE = "SELECT path FROM system.parts WHERE table = 'cut' AND active"
DETACHED = "SELECT reason FROM system.detached_parts WHERE table = 'cut'"


class Disk(Room):
    """A disk that is full when it is said to be."""

    full = True

    def is_left(self) -> bool:
        return not self.full


@pytest.fixture(autouse=True)
def _slow_machine(monkeypatch):
    """Two seconds may pass between the making of a part and the look."""
    monkeypatch.setattr("axonize_server.store.clickhouse.parts.mender.BEFORE_S", 60)


@pytest.fixture
def client(clickhouse):
    """Lend a connection, with a table whose three parts have become one."""
    with clickhouse.client() as client:
        client.command("CREATE TABLE cut (n UInt64, text String) ENGINE = MergeTree ORDER BY n")
        for first in range(0, ROWS, 100):
            client.command(f"INSERT INTO cut SELECT number + {first}, 'x' FROM numbers(100)")
        client.command("OPTIMIZE TABLE cut FINAL")
        yield client
        client.command("DROP TABLE cut")


def cut(client, size: int) -> None:
    """Do to the files of the only part what a full disk does."""
    ((path,),) = client.query(ACTIVE).result_rows
    for file in Path(path).iterdir():
        os.truncate(file, min(size, file.stat().st_size))


def rows(client) -> list[int]:
    return [n for (n,) in client.query("SELECT n FROM cut ORDER BY n").result_rows]


@pytest.mark.parametrize("size", [0, 20])
def test_what_a_cut_part_was_merged_from_is_put_back(clickhouse, client, tmp_path, caplog, size):
    cut(client, size)
    disk = Disk(tmp_path)
    mender = Mender(clickhouse, disk)
    mender.look()
    assert rows(client) == list(range(ROWS))
    assert client.query(DETACHED).result_rows == [("broken",)]
    mender.look()
    disk.full = False
    mender.look()
    assert caplog.messages == [
        "the disk is full, spans are refused until there is room",
        "the full disk has cut parts of cut, which were put back",
    ]


def test_a_table_that_is_still_read_is_attached_when_that_is_over(clickhouse, client, tmp_path):
    cut(client, 0)
    client.command(f"INSERT INTO cut SELECT number + {ROWS}, 'x' FROM numbers(3)")
    slow = (
        f"SELECT sleepEachRow(0.9), n FROM cut WHERE _part NOT LIKE '%_1_3_%' AND n >= {ROWS} "
        "SETTINGS max_block_size = 1"
    )
    found = []

    def read() -> None:
        with clickhouse.client() as other:
            found.append([n for _, n in other.query(slow).result_rows])

    reader = threading.Thread(target=read)
    reader.start()
    running = "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow(0.9), n%'"
    while client.query(running).result_rows[0][0] < 2 and reader.is_alive():  # itself, too
        pass
    mender = Mender(clickhouse, Disk(tmp_path))
    with pytest.raises(StoreUnavailable, match="still used by some query"):
        mender.look()
    reader.join(60)
    mender.look()
    assert rows(client) == list(range(ROWS + 3))
    assert found == [list(range(ROWS, ROWS + 3))]


def test_a_table_that_could_not_be_detached_is_the_next_time(
    clickhouse, client, tmp_path, monkeypatch
):
    cut(client, 0)
    mender = Mender(clickhouse, Disk(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(sql, "detach", lambda table: f"DETACH TABLE no_{table}")
        with pytest.raises(StoreUnavailable, match="no_cut"):
            mender.look()
    mender.look()
    assert rows(client) == list(range(ROWS))


def test_where_there_is_room_nothing_is_looked_at(clickhouse, client, tmp_path, caplog):
    cut(client, 0)
    disk = Disk(tmp_path)
    disk.full = False
    Mender(clickhouse, disk).look()
    assert caplog.messages == []
    disk.full = True
    Mender(clickhouse, disk).look()
    assert rows(client) == list(range(ROWS))
