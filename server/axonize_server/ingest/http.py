"""The OTLP/HTTP receiver: POST /v1/traces and /v1/metrics, Protocol Buffers or JSON."""

# ruff: noqa: N818  (an error is named by what happened, not by what it is)

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from litestar import Request, Response, Router, post
from litestar.handlers import HTTPRouteHandler

from axonize_server.auth.gate import Authenticate
from axonize_server.ingest import answers
from axonize_server.ingest.body import BodyReader, BodyTooLarge, UnknownEncoding
from axonize_server.ingest.receiver import Submit, Submits
from axonize_server.ingest.signals import Signal
from axonize_server.model import Accepted, DomainError, Unauthenticated

logger = logging.getLogger(__name__)

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
MAX_BODY_BYTES = 64 << 20
MAX_JSON_BYTES = 16 << 20
MAX_RECEIVED_BYTES = 256 << 20


class UnknownContentType(DomainError):
    """The body is neither Protocol Buffers nor JSON."""


class BodyTooSlow(DomainError):
    """The body did not arrive in time."""


_HTTP_STATUSES: dict[type[DomainError], int] = {
    BodyTooSlow: 408,
    BodyTooLarge: 413,
    UnknownContentType: 415,
    UnknownEncoding: 415,
}
_INVALID_ARGUMENT = 3


Receive = Callable[
    [Request[Any, Any, Any], AsyncIterator[bytes], Signal, Submit], Awaitable[Accepted]
]
"""Reads a request and stores it."""


def build_router(
    submits: Submits, authenticate: Authenticate, *, body_timeout_s: float = 30.0
) -> Router:
    """Return the OTLP/HTTP paths."""
    protobuf = BodyReader(MAX_BODY_BYTES, MAX_RECEIVED_BYTES)
    json = BodyReader(MAX_JSON_BYTES, MAX_RECEIVED_BYTES)

    async def receive(
        request: Request[Any, Any, Any],
        chunks: AsyncIterator[bytes],
        signal: Signal,
        submit: Submit,
    ) -> Accepted:
        headers, content_type = request.headers, _content_type(request)
        tenant = await authenticate(headers.get("authorization"), "ingest")
        _check_content_type(request, content_type)
        reader = json if content_type == JSON else protobuf
        reader.check_declared(headers.get("content-length"))
        reading = reader.read(chunks, headers.get("content-encoding", ""))
        try:
            body = await asyncio.wait_for(reading, body_timeout_s)
        except asyncio.TimeoutError:
            raise BodyTooSlow(f"the body took longer than {body_timeout_s:g} s") from None
        if content_type == JSON:
            body = await asyncio.to_thread(signal.from_json, body)
        return await submit(tenant, body)

    routes = [_route(signal, submit, receive, body_timeout_s) for signal, submit in submits.items()]
    return Router("/", route_handlers=routes)


def _route(
    signal: Signal, submit: Submit, receive: Receive, body_timeout_s: float
) -> HTTPRouteHandler:
    @post(
        signal.path,
        status_code=200,
        request_max_body_size=None,  # the readers have their own limits
        include_in_schema=False,
    )
    async def export(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Store what the request brings."""
        chunks = request.stream()
        try:
            accepted = await receive(request, chunks, signal, submit)
        except DomainError as error:
            await _discard(chunks, body_timeout_s)
            return _refusal(error, _content_type(request))
        return _answer(signal.response(accepted), _content_type(request))

    return export


def _content_type(request: Request[Any, Any, Any]) -> str:
    return request.content_type[0].lower()


async def _discard(chunks: AsyncIterator[bytes], timeout_s: float) -> None:
    """Let the sender finish: many do not read an answer before they have sent everything."""

    async def discard() -> None:
        async for _ in chunks:
            pass

    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(discard(), timeout_s)


def _check_content_type(request: Request[Any, Any, Any], content_type: str) -> None:
    if content_type not in (PROTOBUF, JSON):
        raise UnknownContentType(f"Content-Type must be {PROTOBUF} or {JSON}")
    charset = request.content_type[1].get("charset", "utf-8").lower()
    if content_type == JSON and charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnknownContentType(f"JSON must be UTF-8, not {charset}")


def _refusal(error: DomainError, content_type: str) -> Response[bytes]:
    logger.debug("refused: %s", error)
    headers = {}
    if (retry_after_s := answers.retry_after_s(error)) is not None:
        headers["retry-after"] = str(math.ceil(retry_after_s))
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    http_status = _HTTP_STATUSES.get(type(error))
    grpc_code = answers.codes(error).grpc if http_status is None else _INVALID_ARGUMENT
    status = answers.status(grpc_code, str(error))
    return _answer(status, content_type, http_status or answers.codes(error).http, headers)


def _answer(
    message: Message,
    content_type: str,
    status_code: int = 200,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """Answer in the language of the request; in JSON when that is unknown."""
    if content_type == PROTOBUF:
        content, media_type = message.SerializeToString(), PROTOBUF
    else:
        content, media_type = MessageToJson(message, indent=None).encode(), JSON
    return Response(content, status_code=status_code, media_type=media_type, headers=headers)
