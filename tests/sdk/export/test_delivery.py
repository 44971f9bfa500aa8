"""Order, retries, bounds and counts of requests; the clock and the dice are given."""

from __future__ import annotations

import logging
from collections import deque

import pytest

from axonize import guard
from axonize.export.delivery import RETRY_FOR_S, Delivery
from axonize.export.exporter import Receipt, Rejected, Retryable


class Sender:
    """Answers as it is told, and notes what it was sent."""

    def __init__(self, *answers: Receipt | Exception) -> None:
        self.answers = deque(answers)
        self.sent: list[bytes] = []
        self.timeouts: list[float] = []

    def __call__(self, request: bytes, timeout_s: float) -> Receipt:
        self.sent.append(request)
        self.timeouts.append(timeout_s)
        answer = self.answers.popleft() if self.answers else Receipt()
        if isinstance(answer, Exception):
            raise answer
        return answer


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def make(sender: Sender, clock: Clock | None = None, jitter: float = 1.0) -> Delivery:
    return Delivery(
        sender,
        capacity_bytes=10,
        timeout_s=5.0,
        clock=clock or Clock(),
        jitter=lambda: jitter,
    )


def test_acknowledged_in_order() -> None:
    delivery = make(sender := Sender())
    assert delivery.wait_s is None
    assert not delivery.attempt()
    delivery.add(b"one", 2)
    delivery.add(b"two", 3)
    assert delivery.wait_s == 0.0
    assert delivery.attempt()
    assert delivery.attempt(1.5)
    assert not delivery.attempt()
    assert (sender.sent, sender.timeouts) == ([b"one", b"two"], [5.0, 1.5])
    assert (delivery.exported, delivery.lost, delivery.added, delivery.finished) == (5, 0, 2, 2)


def test_back_off_doubles_with_jitter_up_to_a_bound() -> None:
    clock = Clock()
    delivery = make(Sender(*[Retryable("no") for _ in range(9)]), clock, jitter=0.5)
    delivery.add(b"one", 1)
    waits = []
    for _ in range(8):
        assert not delivery.attempt()
        waits.append(delivery.wait_s)
        clock.now += delivery.wait_s or 0.0
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]


def test_nothing_is_sent_before_it_is_due() -> None:
    clock = Clock()
    delivery = make(sender := Sender(Retryable("no")), clock)
    delivery.add(b"one", 1)
    delivery.attempt()
    clock.now += 0.9
    assert not delivery.attempt()
    clock.now += 0.2
    assert delivery.attempt()
    assert sender.sent == [b"one", b"one"]
    assert (delivery.exported, delivery.lost) == (1, 0)


def test_success_forgets_the_failures() -> None:
    clock = Clock()
    no = Retryable("no")
    delivery = make(Sender(no, no, Receipt(), no), clock)
    delivery.add(b"one", 1)
    delivery.add(b"two", 1)
    for _ in range(2):
        delivery.attempt()
        clock.now += 10
    assert delivery.attempt()
    delivery.attempt()
    assert delivery.wait_s == 1.0


def test_the_collector_may_ask_for_time() -> None:
    clock = Clock()
    delivery = make(Sender(Retryable("busy", 7.0), Retryable("busy", 1e9)), clock)
    delivery.add(b"one", 1)
    delivery.attempt()
    assert delivery.wait_s == 7.0
    delivery.hurry()
    assert delivery.wait_s == 7.0
    assert delivery.answered
    clock.now += 7
    delivery.attempt()
    assert delivery.wait_s == RETRY_FOR_S


def test_hurry_ends_our_own_back_off() -> None:
    delivery = make(sender := Sender(Retryable("no")))
    delivery.add(b"one", 1)
    delivery.attempt()
    assert not delivery.answered
    delivery.hurry()
    assert delivery.attempt()
    assert len(sender.sent) == 2


def test_rejected_is_counted_and_not_sent_again() -> None:
    delivery = make(sender := Sender(Rejected("bad request")))
    delivery.add(b"one", 3)
    delivery.add(b"two", 4)
    assert delivery.attempt()
    assert delivery.attempt()
    assert sender.sent == [b"one", b"two"]
    assert delivery.dropped == {"rejected": 3, "expired": 0, "exit": 0, "failed": 0}
    assert (delivery.exported, delivery.last_error) == (4, "bad request")


def test_partial_success(caplog: pytest.LogCaptureFixture) -> None:
    receipts = [Receipt(2, "too old"), Receipt(0, "hello"), Receipt(9, ""), Receipt(-1, "")]
    delivery = make(Sender(*receipts))
    for _ in receipts:
        delivery.add(b"x", 3)
        assert delivery.attempt()
    assert (delivery.exported, delivery.dropped["rejected"]) == (1 + 3 + 0 + 3, 2 + 3)
    assert caplog.messages == ["spans lost: 2 (rejected: too old)"]


def test_room_is_bounded_by_bytes() -> None:
    delivery = make(Sender(Retryable("no"), Receipt()))
    delivery.add(b"12345", 1)
    assert delivery.has_room
    delivery.add(b"67890", 1)
    assert not delivery.has_room
    delivery.attempt()
    assert not delivery.has_room
    delivery.hurry()
    delivery.attempt()
    assert delivery.has_room


def test_old_requests_make_room() -> None:
    clock = Clock()
    delivery = make(Sender(*[Retryable("down")] * 2), clock)
    delivery.add(b"one", 3)
    delivery.attempt()
    clock.now += RETRY_FOR_S + 1
    delivery.attempt()
    assert len(delivery) == 0
    assert delivery.dropped["expired"] == 3


def test_give_up() -> None:
    delivery = make(Sender())
    delivery.add(b"one", 1)
    delivery.add(b"two", 2)
    delivery.give_up("exit")
    assert (len(delivery), delivery.dropped["exit"], delivery.finished) == (0, 3, 2)
    assert delivery.has_room


def test_an_internal_error_loses_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "strict", False)
    delivery = make(Sender(RuntimeError("bug")))
    delivery.add(b"one", 2)
    delivery.add(b"two", 3)
    assert delivery.attempt()
    assert delivery.attempt()
    assert (delivery.exported, delivery.dropped["failed"]) == (3, 2)


def test_warns_from_the_second_failure_and_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "axonize")
    clock = Clock()
    delivery = make(Sender(*[Retryable("down")] * 9), clock)
    delivery.add(b"one", 1)
    counts = []
    for pause in (1.0, 2.0, 4.0, 60.0, 1.0):
        delivery.attempt()
        counts.append(len(caplog.messages))
        clock.now += pause
        delivery.hurry()
    assert counts == [0, 1, 1, 1, 2]
    assert set(caplog.messages) == {"cannot reach the collector, will try again: down"}
