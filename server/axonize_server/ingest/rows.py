"""What the group commit needs to know of a kind of request: how it is read, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

import pyarrow as pa

from axonize_server.ingest import decode as spans
from axonize_server.ingest.gpu import decode as gpu
from axonize_server.model import Accepted


class Readable(Protocol):
    """A request that was read; stored_bytes is about the size of its rows."""

    @property
    def stored_bytes(self) -> int:
        """In bytes."""


class Rows(Protocol):
    """The rows of many requests, in the order of the requests, and the answer to each."""

    @property
    def tables(self) -> tuple[pa.Table, ...]:
        """What is written, in the order that the writer takes it."""

    @property
    def answers(self) -> list[Accepted]:
        """One for each request."""

    def cut(self, requests: int) -> tuple[Rows, Rows]:
        """Return what the first requests say, and what the others say."""


R = TypeVar("R", bound=Readable)


class Reader(NamedTuple, Generic[R]):
    """Reads one kind of request.

    `read` takes the tenant and the body and raises MalformedRequest; `decode` takes many requests.
    """

    read: Callable[[str, bytes], R]
    decode: Callable[[Sequence[R]], Rows]


SPANS = Reader(spans.read_request, spans.decode)
GPU_METRICS = Reader(gpu.read_request, gpu.decode)
