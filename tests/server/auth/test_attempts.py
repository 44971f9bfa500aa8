from __future__ import annotations

import pytest
from axonize_server.auth import attempts as module
from axonize_server.auth.attempts import Attempts
from axonize_server.model import Overloaded


class Time:
    """A clock."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(attempts: Attempts, address: str, times: int = 10) -> None:
    for _ in range(times):
        attempts.fail(address)


def test_after_ten_failures_an_address_waits_until_the_first_is_five_minutes_old():
    clock = Time()
    attempts = Attempts(clock)
    fail(attempts, "10.0.0.1", 9)
    attempts.check("10.0.0.1")
    clock.now = 100.0
    fail(attempts, "10.0.0.1", 1)
    with pytest.raises(Overloaded) as refused:
        attempts.check("10.0.0.1")
    assert refused.value.retry_after_s == 200.0
    attempts.check("10.0.0.2")
    clock.now = 300.0
    attempts.check("10.0.0.1")


def test_one_network_of_ipv6_is_one_party():
    attempts = Attempts()
    fail(attempts, "2001:db8::1")
    for address in ("2001:db8::1", "2001:db8:0:0:ffff::2"):
        with pytest.raises(Overloaded):
            attempts.check(address)
    attempts.check("2001:db8:0:1::1")


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_ADDRESSES", 2)
    attempts = Attempts()
    for address in ("10.0.0.1", "10.0.0.2", "unix"):
        fail(attempts, address)
    attempts.check("10.0.0.1")
    for address in ("10.0.0.2", "unix"):
        with pytest.raises(Overloaded):
            attempts.check(address)
