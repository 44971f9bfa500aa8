"""The launches of each span, as attributes of it that are up to date after each of them."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from threading import Lock
from typing import Any

from axonize.semconv import TRITON_HOST_MS, TRITON_KERNEL, TRITON_LAUNCHES, TRITON_OTHER_LAUNCHES
from axonize.speed import Span
from axonize.status import add_section

KERNELS = 8
"""Kernels that are told apart in a span: each has 7 attributes, and a span has 128 at most."""


class Tally:
    """What was launched in one span; each kernel's Count is found by its name."""

    def __init__(self) -> None:
        self.counts: dict[str, Count] = {}
        self._lock = Lock()
        self.launches = self.host_ns = 0
        self.compiled_at_ns = self.compiled_ns = 0
        self.forgotten: Any = None  # keeps the weak reference to the span
        self._others = Count(self, TRITON_OTHER_LAUNCHES)

    def meet(self, span: Span | None, name: str, details: Mapping[str, Any]) -> Count:
        """Return the Count of a kernel's first launch, described unless there are too many."""
        with self._lock:
            index, known = len(self.counts), self.counts.get(name)
            if known is not None:  # another thread has just met it
                return known
            if index >= KERNELS:
                return self.counts.setdefault(name, self._others)
            prefix = f"{TRITON_KERNEL}.{index}"
            count = self.counts.setdefault(name, Count(self, f"{prefix}.launches"))
        if span is not None:
            span.set_attribute(f"{prefix}.name", name)
            span.set_attributes({f"{prefix}.{key}": value for key, value in details.items()})
        return count

    def has_compiled(self, began_ns: int, ended_ns: int) -> None:
        """Keep the time of a compilation out of that of the launch which waits for it."""
        self.compiled_at_ns, self.compiled_ns = began_ns, ended_ns - began_ns


class Count:
    """The launches of one kernel in one span."""

    __slots__ = ("_attribute", "_launches", "_tally")

    def __init__(self, tally: Tally, attribute: str) -> None:
        self._tally = tally
        self._attribute = attribute
        self._launches = 0

    def add(self, span: Span | None, began_ns: int, ended_ns: int) -> None:
        """Count a launch that the host has made between these times."""
        # No lock, which would cost as much as the rest: threads that share a span change places
        # where functions are called, and none is between reading and writing a number here.
        tally = self._tally
        tally.launches += 1
        self._launches += 1
        tally.host_ns += ended_ns - began_ns
        if tally.compiled_at_ns > began_ns:
            tally.host_ns -= tally.compiled_ns
        if span is None:
            return
        if span.ended:
            _outside.launches += 1
            return
        write = span.set_attribute
        write(TRITON_LAUNCHES, tally.launches)
        write(TRITON_HOST_MS, tally.host_ns / 1e6)
        write(self._attribute, self._launches)


_outside = Tally()
"""What was launched in no span: the status of the process tells how much that is."""
add_section("triton_launches_outside", lambda: _outside.launches)

tallies: dict[int, Tally] = {id(None): _outside}
"""By the id of the span, so that a launch need not ask which it is."""


def tally_of(span: Span | None) -> Tally:
    """Return what was launched in the span until now."""
    return tallies.get(id(span)) or _begin(span)


def _begin(span: Span | None) -> Tally:
    # Until the span is garbage, and its id may be another's.
    key, tally = id(span), Tally()
    tally.forgotten = weakref.ref(span, lambda _: tallies.pop(key, None))
    return tallies.setdefault(key, tally)
