"""Looking into what the client sends and gets: its models, or plain JSON where the host asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def get(thing: Any, *names: str) -> Any:
    """Return the first of the named parts that is there and not None."""
    for name in names:
        found = thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)
        if found is not None:
            return found
    return None


def each(thing: Any) -> Iterable[tuple[str, Any]]:
    """Return names and values, with those that the client's version does not know."""
    return thing.items() if isinstance(thing, dict) else thing
