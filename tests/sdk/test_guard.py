from __future__ import annotations

import logging

import pytest

from axonize import guard


@guard.guarded
def divide(dividend: int, divisor: int) -> float:
    """Divide."""
    return dividend / divisor


def test_strict_raises_internal_errors() -> None:
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)
    with pytest.raises(ZeroDivisionError), guard.guarded:
        divide.__wrapped__(1, 0)


def test_production_logs_internal_errors(caplog: pytest.LogCaptureFixture) -> None:
    guard.set_strict(False)
    with caplog.at_level(logging.DEBUG, logger="axonize"):
        assert divide(1, 0) is None
        with guard.guarded:
            divide.__wrapped__(1, 0)
    assert [(r.levelname, r.exc_info[0]) for r in caplog.records if r.exc_info] == [
        ("DEBUG", ZeroDivisionError),
        ("DEBUG", ZeroDivisionError),
    ]


@pytest.mark.parametrize("strict", [True, False])
def test_interrupts_always_pass(strict: bool) -> None:
    guard.set_strict(strict)

    @guard.guarded
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(KeyboardInterrupt), guard.guarded:
        raise KeyboardInterrupt


def test_the_guarded_function_keeps_its_name_and_result() -> None:
    assert (divide.__name__, divide.__doc__, divide(6, 3)) == ("divide", "Divide.", 2)
