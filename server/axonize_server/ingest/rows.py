"""What the group commit needs to know of a kind of request: how it is read, and what comes out."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import pyarrow as pa

from axonize_server.model import Accepted, NativeBlock


class Rows(NamedTuple):
    """Rows to insert together, and the answers to the requests that they came with.

    `places` are those of the requests, in the order in which they were added to the decoder.
    `tables` are in the order that the writer takes them.
    """

    places: list[int]
    tables: tuple[pa.Table | NativeBlock, ...]
    answers: list[Accepted]


class Decoder(Protocol):
    """Takes requests, then returns their rows, once; one thread at a time."""

    def add(self, tenant: str, body: bytes) -> int:
        """Read a request and return about how large it becomes; raises MalformedRequest."""

    def finish(self) -> list[Rows]:
        """Return the rows of all requests that were added."""
