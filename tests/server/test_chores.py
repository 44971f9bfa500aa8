from __future__ import annotations

import logging
import threading

from axonize_server.chores import Chore
from axonize_server.model import StoreUnavailable


def test_it_works_until_it_is_closed_and_says_once_why_it_cannot(caplog):
    turns, enough = [], threading.Event()

    def work() -> None:
        turns.append(len(turns))
        if len(turns) in (1, 2, 4):
            raise StoreUnavailable("away")
        if len(turns) == 5:
            enough.set()

    chore = Chore(work, 0.001, "nothing is done")
    with caplog.at_level(logging.WARNING):
        chore.start()
        assert enough.wait(240)
        chore.close()
    done = len(turns)
    assert [record.getMessage() for record in caplog.records] == ["nothing is done: away"] * 2
    assert len(turns) == done


def test_another_reason_is_said_too(caplog):
    reasons, enough = ["away", "away", "full"], threading.Event()

    def work() -> None:
        if not reasons:
            enough.set()
            return
        raise StoreUnavailable(reasons.pop(0))

    chore = Chore(work, 0.001, "nothing is done")
    with caplog.at_level(logging.WARNING):
        chore.start()
        assert enough.wait(240)
        chore.close()
    said = [record.getMessage() for record in caplog.records]
    assert said == ["nothing is done: away", "nothing is done: full"]


def test_the_next_turn_is_not_waited_for_when_it_is_closed():
    worked = threading.Event()
    chore = Chore(worked.set, 3600, "")
    chore.start()
    assert worked.wait(240)
    chore.close()
