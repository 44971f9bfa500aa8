from __future__ import annotations

import shutil

import pytest
from axonize_server.model import StoreUnavailable
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.parts.room import Room


def test_there_is_room_until_less_is_left(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    assert Room(tmp_path, free // 2).is_left()
    Room(tmp_path, free // 2).check()
    full = Room(tmp_path, free * 2)
    assert not full.is_left()
    with pytest.raises(StoreUnavailable, match=f"MiB are left on the disk of {tmp_path}"):
        full.check()


class Filling(Room):
    """A disk that gets full by the second look."""

    looks = 0

    def is_left(self) -> bool:
        self.looks += 1
        return self.looks == 1


def test_what_was_written_as_the_disk_got_full_does_not_count(clickhouse, tmp_path):
    pool = ClientPool(clickhouse.dsn, size=1, room=Filling(tmp_path))
    done = []
    with pytest.raises(StoreUnavailable, match="are left on the disk"), pool.client() as client:
        done.append(client.command("SELECT 1"))
    assert done == [1]
    with pytest.raises(StoreUnavailable), pool.client():
        done.append("never lent")
    assert done == [1]
    pool.close()
