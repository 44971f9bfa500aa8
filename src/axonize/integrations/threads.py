"""Threads and thread pools: what runs in them belongs to the span that asked for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from axonize.guard import guarded
from axonize.patching import Integration, Patch
from axonize.speed import Span, current_span


def start(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a Thread.start whose thread runs under the span that is current where it is called."""

    def start(self: Any) -> Any:
        span = current_span.get()
        if span is None:
            return original(self)
        undo = _carry_in(self, span)
        try:
            return original(self)
        except BaseException:
            if undo is not None:
                undo()
            raise

    return start


def submit(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a submit whose task runs under the span that is current where it is called."""

    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        span = current_span.get()
        if span is None:
            return original(self, fn, *args, **kwargs)
        # A worker thread that is started for this task serves others after it.
        current_span.set(None)
        try:
            return original(self, functools.partial(_under, span, fn), *args, **kwargs)
        finally:
            current_span.set(span)

    return submit


def _under(span: Span, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    before = current_span.get()
    current_span.set(span)
    try:
        return function(*args, **kwargs)
    finally:
        current_span.set(before)


@guarded
def _carry_in(thread: Any, span: Span) -> Callable[[], None]:
    """Let the thread run under the span; return what undoes it.

    The attribute of the one thread stands before the `run` of its class, whichever that is, and
    is gone before that runs.
    """
    before = vars(thread).get("run")
    run = thread.run

    def undo() -> None:
        if before is None:
            vars(thread).pop("run", None)
        else:
            thread.run = before

    def run_under_span() -> Any:
        undo()
        return _under(span, run)

    thread.run = run_under_span
    return undo


THREADS = Integration(
    name="threads",
    requires="",
    patches=(
        Patch("threading", "Thread.start", start, kind="closure"),
        Patch("concurrent.futures.thread", "ThreadPoolExecutor.submit", submit, kind="closure"),
    ),
)
