from __future__ import annotations

import threading
import time

from axonize_server.store.clickhouse.removal.eraser import Eraser

SLOW = "INSERT INTO rolled_up_seconds SELECT 0, 0 FROM numbers(1) WHERE sleepEachRow(3) != 0"


def test_it_knows_how_long_the_oldest_statement_has_been_writing(clickhouse):
    eraser = Eraser(clickhouse)
    assert eraser.writing_s() == 0

    def write() -> None:
        with clickhouse.client() as client:
            client.command(SLOW)

    begin = time.monotonic()
    writing = threading.Thread(target=write)
    writing.start()
    while not (seen_s := eraser.writing_s()):
        assert writing.is_alive(), "it ended before it was seen"
    assert seen_s <= time.monotonic() - begin
    writing.join()
    assert eraser.writing_s() == 0
