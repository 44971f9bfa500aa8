from __future__ import annotations

import asyncio
from typing import Any

import pytest


class RefusedError(Exception):
    """Raised by the tests."""


def test_an_exception_passes_and_is_recorded(core: Any, buffer: Any) -> None:
    with pytest.raises(RefusedError), core.Span("outer") as outer, core.Span("inner") as inner:
        raise RefusedError("no GPU")
    name = f"{__name__}.RefusedError"
    for span in (inner, outer):
        assert (span.status, span.status_message) == ("error", "RefusedError: no GPU")
        assert span.attributes == {"error.type": name}
        [(event, _, attributes)] = span.events
        stacktrace = attributes.pop("exception.stacktrace")
        assert (event, attributes) == (
            "exception",
            {"exception.type": name, "exception.message": "no GPU"},
        )
        assert stacktrace.startswith("Traceback")
        assert "raise RefusedError" in stacktrace


@pytest.mark.parametrize(
    ("error", "status", "error_type"),
    [
        (ValueError("x"), "error", "ValueError"),
        (KeyboardInterrupt(), "error", "KeyboardInterrupt"),
        (asyncio.CancelledError(), "error", "asyncio.exceptions.CancelledError"),
        (SystemExit(0), "unset", None),
        (GeneratorExit(), "unset", None),
    ],
)
def test_which_exceptions_are_failures(
    core: Any, error: BaseException, status: str, error_type: str | None
) -> None:
    with pytest.raises(type(error)), core.Span("x") as span:
        raise error
    assert (span.status, span.attributes.get("error.type")) == (status, error_type)


def test_recording_an_exception_leaves_the_status(core: Any) -> None:
    span = core.Span("x")
    span.record_exception(ValueError("retried"))
    assert (span.status, span.events[0][0]) == ("unset", "exception")


def test_gpus_are_named_by_their_place(core: Any) -> None:
    span = core.Span("x")
    span.set_gpus(iter(["cuda:0", "cuda:3"]))
    assert span.attributes == {"gpu.0.label": "cuda:0", "gpu.1.label": "cuda:3"}
