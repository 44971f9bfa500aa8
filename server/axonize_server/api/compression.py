"""Gzip for answers of text, compressed in a thread so that other requests go on."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterable

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

SMALLEST = 1024
# Level 1 takes a third of the time of level 6 and makes JSON a fifth larger.
LEVEL = 1
TEXT = ("application/json", "application/problem+json", "application/vnd.oai", "text/", "image/svg")


def compress(app: ASGIApp) -> ASGIApp:
    """Return an application whose answers of text are compressed when the caller reads gzip."""

    async def compressing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and _reads_gzip(scope["headers"]):
            send = _Compressor(send).send
        await app(scope, receive, send)

    return compressing


def _reads_gzip(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    accepted = b",".join(value for name, value in headers if name == b"accept-encoding")
    codings = (coding.replace(b" ", b"").lower() for coding in accepted.split(b","))
    return any(
        coding == b"gzip" or (coding.startswith(b"gzip;q=") and not _is_zero(coding))
        for coding in codings
    )


def _is_zero(coding: bytes) -> bool:
    return not coding.removeprefix(b"gzip;q=").strip(b"0.")


class _Compressor:
    """Sends one answer, compressed when it is one complete text."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: HTTPResponseStartEvent | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] == "http.response.body" and self._start is not None:
            body = message["body"]
            headers = MutableScopeHeaders(self._start)
            if not message.get("more_body") and self._is_worth_it(headers, body):
                body = await asyncio.to_thread(gzip.compress, body, LEVEL, mtime=0)
                headers["content-encoding"] = "gzip"
                headers["content-length"] = str(len(body))
                headers.extend_header_value("vary", "accept-encoding")
                message["body"] = body
            start, self._start = self._start, None
            await self._send(start)
        await self._send(message)

    @staticmethod
    def _is_worth_it(headers: MutableScopeHeaders, body: bytes) -> bool:
        content_type = headers.get("content-type", "")
        return (
            len(body) >= SMALLEST
            and content_type.startswith(TEXT)
            and "content-encoding" not in headers
        )
