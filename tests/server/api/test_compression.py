from __future__ import annotations

import pytest
from axonize_server.api.compression import compress
from litestar import MediaType, Response, get
from litestar.response import Stream
from litestar.testing import create_test_client

TEXT = "0123456789" * 200


@get("/text", media_type=MediaType.TEXT)
async def text() -> str:
    """Answer with a text that is worth compressing."""
    return TEXT


@get("/short", media_type=MediaType.TEXT)
async def short() -> str:
    """Answer with a text that is not."""
    return "short"


@get("/image")
async def image() -> Response[bytes]:
    """Answer with what is compressed already."""
    return Response(TEXT.encode(), media_type="image/png")


@get("/stream")
async def stream() -> Stream:
    """Answer in parts."""
    return Stream(iter([TEXT, TEXT]), media_type=MediaType.TEXT)


def answer(path: str, accept: str):
    handlers = [text, short, image, stream]
    with create_test_client(handlers, middleware=[compress]) as client:
        return client.get(path, headers={"accept-encoding": accept})


@pytest.mark.parametrize("accept", ["gzip", "br, GZIP", "deflate;q=0.5, gzip;q=0.1"])
def test_text_is_compressed_for_who_reads_it(accept):
    response = answer("/text", accept)
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) < 100
    assert response.headers["vary"] == "accept-encoding"
    assert response.text == TEXT


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/text", "identity"),
        ("/text", "br"),
        ("/text", "gzip;q=0"),
        ("/text", "gzip;q=0.0"),
        ("/short", "gzip"),
        ("/image", "gzip"),
        ("/stream", "gzip"),
    ],
)
def test_everything_else_is_sent_as_it_is(path, accept):
    response = answer(path, accept)
    assert "content-encoding" not in response.headers
    assert response.content in (TEXT.encode(), TEXT.encode() * 2, b"short")
