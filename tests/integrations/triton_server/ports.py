"""Ports that are free just now."""

from __future__ import annotations

from axonize.demo.ports import free_port


def free_ports(count: int) -> list[int]:
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)
