from __future__ import annotations

import threading

import pytest
from axonize_server.model import Overloaded, StoreRefused, StoreUnavailable
from axonize_server.store.clickhouse.connection import ClientPool, connect, write_error
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.server.serving import ClickHouseProcess


def setting(pool: ClientPool, table: str, name: str) -> str:
    query = f"SELECT value FROM system.{table} WHERE name = {{name:String}}"
    return str(pool.columns(query, {"name": name}, {})[0][0])


def test_the_engine_and_its_sessions_are_set_up_for_group_commit(clickhouse):
    assert setting(clickhouse, "settings", "async_insert") == "0"
    assert setting(clickhouse, "settings", "optimize_on_insert") == "0"
    # Without it one thread alone would read, for this engine never has 1 GiB free for each.
    free = setting(clickhouse, "settings", "max_threads_min_free_memory_per_thread")
    assert free == str(128 << 20)
    assert setting(clickhouse, "server_settings", "background_pool_size") == "1"
    assert setting(clickhouse, "server_settings", "max_server_memory_usage") == "1500000000"
    assert setting(clickhouse, "server_settings", "mark_cache_size") == str(64 << 20)


def test_a_connection_serves_one_thread_at_a_time_and_waiting_ends(clickhouse):
    pool = ClientPool(clickhouse.dsn, size=1, wait_s=0.05)
    with pool.client() as mine, pytest.raises(Overloaded, match="all 1 ClickHouse"), pool.client():
        pass
    with pool.client() as again:
        assert again is mine
    pool.close()


def test_threads_ask_at_the_same_time(clickhouse):
    meeting = threading.Barrier(2, timeout=30)
    clients = []

    def borrow():
        with clickhouse.client() as client:
            meeting.wait()
            clients.append(client)

    threads = [threading.Thread(target=borrow) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, clients))) == 2


def test_a_server_that_does_not_answer_is_unavailable_and_the_place_stays_free():
    pool = ClientPool("http://user:secret@127.0.0.1:1/spans", size=1)
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as refused:
            pool.open()
        assert "secret" not in str(refused.value)
    assert pool.ping() is False


def test_a_folder_that_another_engine_path_blocks_is_unavailable(clickhouse, tmp_path):
    with pytest.raises(StoreUnavailable, match="cannot open ClickHouse"):
        connect(f"chdb://{tmp_path}")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (None, StoreUnavailable),
        (243, StoreUnavailable),  # NOT_ENOUGH_SPACE
        (75, StoreUnavailable),  # CANNOT_WRITE_TO_FILE_DESCRIPTOR
        (516, StoreUnavailable),  # AUTHENTICATION_FAILED: the operator can mend it
        (241, StoreUnavailable),  # MEMORY_LIMIT_EXCEEDED
        (117, StoreRefused),  # INCORRECT_DATA
        (53, StoreRefused),  # TYPE_MISMATCH
    ],
)
def test_only_what_the_rows_are_to_blame_for_is_refused_for_good(code, kind):
    assert type(write_error(DatabaseError("no", code=code))) is kind


def test_a_connection_is_dropped_when_its_server_died_and_kept_when_it_said_no(tmp_path):
    process = ClickHouseProcess(tmp_path)
    process.start()
    pool = ClientPool(process.dsn, size=1)
    try:
        with pool.client() as first:
            pass
        with pytest.raises(StoreRefused):
            pool.columns("SELECT nothing_of_this_name", {}, {})
        with pool.client() as same:
            assert same is first
        process.kill()
        with pytest.raises(StoreUnavailable):
            pool.columns("SELECT 1", {}, {})
        assert pool.ping() is False
        process.start()
        with pool.client() as other:
            assert other is not first
        assert pool.columns("SELECT 1", {}, {}) == [[1]]
    finally:
        process.kill()
    pool.close()
