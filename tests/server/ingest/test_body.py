"""Bodies are read whole within their limits, however they are compressed or cut."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest
from axonize_server.ingest.body import BodyReader, BodyTooLarge, UnknownEncoding
from axonize_server.model import MalformedRequest, Overloaded

TEXT = bytes(range(256)) * 20_000
LIMIT = 8 << 20


async def chunks(body: bytes, size: int = 65_536):
    for start in range(0, len(body), size):
        yield body[start : start + size]


def read(body, encoding="", *, limit=LIMIT, total_limit=LIMIT, size=65_536) -> bytes:
    return asyncio.run(BodyReader(limit, total_limit).read(chunks(body, size), encoding))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        (" GZIP ", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:1000]) + gzip.compress(TEXT[1000:])),
    ],
)
@pytest.mark.parametrize("size", [997, 1 << 20])
def test_a_body_is_read_whole(encoding, body, size):
    assert read(body, encoding, size=size) == TEXT


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_an_empty_text(encoding):
    assert read(gzip.compress(b"") if encoding else b"", encoding) == b""


@pytest.mark.parametrize("body", [gzip.compress(TEXT)[:-1], gzip.compress(TEXT)[:5000], b""])
def test_a_truncated_body(body):
    with pytest.raises(MalformedRequest, match="ends too early"):
        read(body, "gzip")


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(TEXT)[:-8] + bytes(8)])
def test_a_damaged_body(body):
    with pytest.raises(MalformedRequest, match="damaged"):
        read(body, "gzip")


def test_an_encoding_that_is_not_read():
    with pytest.raises(UnknownEncoding, match="'br'"):
        read(TEXT, "br")


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_body_beyond_the_limit(encoding):
    body = gzip.compress(TEXT) if encoding else TEXT

    assert read(body, encoding, limit=len(TEXT)) == TEXT
    with pytest.raises(BodyTooLarge):
        read(body, encoding, limit=len(TEXT) - 1)


def test_a_bomb_is_given_up_at_the_limit():
    bomb = gzip.compress(bytes(200 << 20), 1)
    taken = 0

    async def counted():
        nonlocal taken
        async for chunk in chunks(bomb, 1000):
            taken += len(chunk)
            yield chunk

    with pytest.raises(BodyTooLarge):
        asyncio.run(BodyReader(LIMIT, LIMIT).read(counted(), "gzip"))
    assert taken < len(bomb) / 10


def test_bodies_that_arrive_at_the_same_time_share_a_limit():
    reader = BodyReader(LIMIT, len(TEXT) + 1000)

    async def main():
        both = reader.read(chunks(TEXT), ""), reader.read(chunks(TEXT), "")
        first = await asyncio.gather(reader.read(paused(), ""), *both, return_exceptions=True)
        return first, await reader.read(chunks(TEXT), "")

    async def paused():
        yield TEXT[:2000]
        await asyncio.sleep(0)

    results, afterwards = asyncio.run(main())
    assert any(isinstance(result, Overloaded) for result in results)
    assert afterwards == TEXT


def test_a_declared_length_is_enough_to_refuse():
    reader = BodyReader(LIMIT, LIMIT)

    reader.check_declared(None)
    reader.check_declared(str(LIMIT))
    with pytest.raises(BodyTooLarge):
        reader.check_declared(str(LIMIT + 1))
