"""Slows down whoever tries keys."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from axonize_server.model import Overloaded

MOST_FAILURES = 10
WINDOW_S = 300.0
MAX_ADDRESSES = 10_000


class Attempts:
    """Counts failed log-ins by address, those of the last five minutes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raise Overloaded when this address has failed too often to be heard now."""
        recent = self._recent(_network(address))
        if len(recent) >= MOST_FAILURES:
            wait_s = recent[0] + WINDOW_S - self._clock()
            raise Overloaded("too many failed log-ins from this address; wait a moment", wait_s)

    def fail(self, address: str) -> None:
        """Note that a log-in failed."""
        network = _network(address)
        self._failures[network] = [*self._recent(network), self._clock()][-MOST_FAILURES:]
        self._failures.move_to_end(network)
        while len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)

    def _recent(self, network: str) -> list[float]:
        begin = self._clock() - WINDOW_S
        return [moment for moment in self._failures.get(network, ()) if moment > begin]


def _network(address: str) -> str:
    """Return what one party holds: an IPv4 address, or the 64 bits of an IPv6 network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    bits = 32 if parsed.version == 4 else 64
    return str(ipaddress.ip_network((parsed, bits), strict=False))
