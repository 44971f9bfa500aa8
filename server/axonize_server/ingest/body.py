"""Reads the body of an HTTP request, decompressed, within limits of size."""

# ruff: noqa: N818  (an error is named by what happened, not by what it is)

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

from axonize_server.model import DomainError, MalformedRequest, Overloaded

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_STEP_BYTES = 1 << 20


class BodyTooLarge(DomainError):
    """The body, or what it decompresses to, is larger than the server takes."""


class UnknownEncoding(DomainError):
    """The body is compressed in a way that the server does not read."""


class BodyReader:
    """Reads bodies of at most `limit` bytes, and holds at most `total_limit` at a time."""

    def __init__(self, limit: int, total_limit: int) -> None:
        self._limit = limit
        self._total_limit = total_limit
        self._held = 0

    def check_declared(self, content_length: str | None) -> None:
        """Refuse a body by its Content-Length alone; raises BodyTooLarge."""
        if content_length and content_length.isdecimal():
            self._check(int(content_length))

    async def read(self, chunks: AsyncIterator[bytes], encoding: str) -> bytes:
        """Return the whole body, decompressed from `encoding` (a Content-Encoding, "" for none).

        Raises BodyTooLarge, UnknownEncoding, MalformedRequest, Overloaded.
        """
        pieces: list[bytes] = []
        size = 0
        try:
            async for piece in _decoded(chunks, encoding.strip().lower()):
                size += len(piece)
                self._held += len(piece)
                self._check(size)
                pieces.append(piece)
            return b"".join(pieces)
        finally:
            self._held -= size

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise BodyTooLarge(f"the body is larger than {self._limit} bytes")
        if self._held > self._total_limit:
            raise Overloaded(f"{self._total_limit} bytes are being received already")


def _decoded(chunks: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    if encoding in ("", "identity"):
        return chunks
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _inflated(chunks)
    raise UnknownEncoding(f"Content-Encoding {encoding!r} is not read here: gzip or deflate are")


async def _inflated(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        async for chunk in chunks:
            rest = chunk
            while rest:
                if inflater.eof:  # another gzip member follows
                    inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
                while True:
                    piece = inflater.decompress(rest, _STEP_BYTES)
                    yield piece
                    rest = inflater.unconsumed_tail
                    if not rest and len(piece) < _STEP_BYTES:
                        break
                    await asyncio.sleep(0)  # let others run between the steps of a large body
                rest = inflater.unused_data
    except zlib.error as error:
        raise MalformedRequest(f"the compressed body is damaged: {error}") from error
    if not inflater.eof:
        raise MalformedRequest("the compressed body ends too early")
