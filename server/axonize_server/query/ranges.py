"""What a range of time has to be."""

from __future__ import annotations

from axonize_server.model import InvalidQuery


def check_range(from_ns: int, to_ns: int, start: str = "from", end: str = "to") -> None:
    """Raise InvalidQuery, which names both parameters, for a range without time in it."""
    if from_ns >= to_ns:
        raise InvalidQuery(f"{start}: expected a time before `{end}`")
