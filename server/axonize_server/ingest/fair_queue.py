"""A queue in which a tenant that floods waits for itself."""

from __future__ import annotations

from collections import Counter, deque
from typing import Generic, Protocol, TypeVar


class Request(Protocol):
    """What waits: a tenant's bytes, since a moment of the monotonic clock."""

    @property
    def tenant(self) -> str:
        """Whose it is."""

    @property
    def body(self) -> bytes:
        """What it brings."""

    @property
    def since(self) -> float:
        """When it came, in seconds."""


R = TypeVar("R", bound=Request)


class FairQueue(Generic[R]):
    """Tenants take turns, one request each; the requests of one tenant keep their order.

    Not safe for threads. A tenant alone may use all the room that the caller gives; when others
    come and there is none left, `displace` takes back the newest of the tenant that holds most.
    """

    def __init__(self) -> None:
        self._turns: dict[str, deque[R]] = {}
        self._bytes: Counter[str] = Counter()
        self.bytes = 0

    def __bool__(self) -> bool:
        return bool(self._turns)

    @property
    def oldest(self) -> float:
        """When the request that waits longest came; raises ValueError when none waits."""
        return min(requests[0].since for requests in self._turns.values())

    @property
    def tenants(self) -> list[str]:
        """Whose requests wait."""
        return list(self._turns)

    def put(self, request: R) -> None:
        """Let a request wait."""
        self._turns.setdefault(request.tenant, deque()).append(request)
        self._count(request, len(request.body))

    def next(self) -> R | None:
        """Take the oldest request of the tenant whose turn it is; None when none waits."""
        if not self._turns:
            return None
        tenant = next(iter(self._turns))
        requests = self._turns.pop(tenant)
        request = requests.popleft()
        if requests:
            self._turns[tenant] = requests  # the last turn
        self._count(request, -len(request.body))
        return request

    def displace(self, tenant: str, size: int) -> R | None:
        """Take the newest request of the tenant that holds most, to make room for `size` bytes.

        None when that tenant would hold no more than the one that asks.
        """
        if not self._turns:
            return None
        most = max(self._bytes, key=self._bytes.__getitem__)
        if self._bytes[most] <= self._bytes[tenant] + size:
            return None
        request = self._turns[most].pop()
        if not self._turns[most]:
            del self._turns[most]
        self._count(request, -len(request.body))
        return request

    def withdraw(self, tenant: str) -> list[R]:
        """Take every request of a tenant."""
        requests = self._turns.pop(tenant, deque())
        self.bytes -= self._bytes.pop(tenant, 0)
        return list(requests)

    def _count(self, request: R, size: int) -> None:
        self.bytes += size
        self._bytes[request.tenant] += size
        if request.tenant not in self._turns:
            del self._bytes[request.tenant]
