from __future__ import annotations

import threading

import pytest
from axonize_server.store.under_way import UnderWay


def test_what_is_under_way_is_waited_for_and_what_follows_is_not():
    subject, first_may_end, second_may_end = UnderWay(), threading.Event(), threading.Event()
    began, second_began = threading.Event(), threading.Event()

    def work() -> None:
        with subject.work():
            began.set()
            assert first_may_end.wait(60)
        with subject.work():
            second_began.set()
            assert second_may_end.wait(60)

    subject.settle()
    worker = threading.Thread(target=work)
    worker.start()
    assert began.wait(60)
    waiting = threading.Thread(target=subject.settle)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    first_may_end.set()
    assert second_began.wait(60)
    waiting.join(60)
    assert not waiting.is_alive()
    second_may_end.set()
    worker.join(60)


def test_work_that_fails_has_ended():
    subject = UnderWay()
    with pytest.raises(LookupError), subject.work():
        raise LookupError
    subject.settle()
