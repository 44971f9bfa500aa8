"""The gRPC receiver: its requests stay bytes until they are decoded in a batch."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
import grpc.aio

from axonize_server.auth.gate import Authenticate
from axonize_server.correlation import correlated
from axonize_server.ingest import answers
from axonize_server.ingest.receiver import Submit, Submits
from axonize_server.ingest.signals import Signal
from axonize_server.model import DomainError, MalformedRequest

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 64 << 20
_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # Two servers on one port would each get some of the spans.
    ("grpc.so_reuseport", 0),
    # Senders keep idle connections alive with pings; the default answers them with a disconnect.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)
_STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}


def build_server(
    submits: Submits,
    authenticate: Authenticate,
    address: str,
    credentials: grpc.ServerCredentials | None = None,
) -> tuple[grpc.aio.Server, int]:
    """Return a server bound to address (host:port, port 0 for any) and its port, not yet started.

    With credentials it takes TLS alone. Raises RuntimeError when the address is taken.
    """
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers(
        tuple(_service(signal, submit, authenticate) for signal, submit in submits.items())
    )
    if credentials is not None:
        return server, server.add_secure_port(address, credentials)
    return server, server.add_insecure_port(address)


def _service(signal: Signal, submit: Submit, authenticate: Authenticate) -> grpc.GenericRpcHandler:
    # Declared as a stream of one request, so that a sender without a key is refused before its
    # message is received.
    method = grpc.stream_unary_rpc_method_handler(_export(signal, submit, authenticate))
    return grpc.method_handlers_generic_handler(signal.service, {"Export": method})


def _export(
    signal: Signal, submit: Submit, authenticate: Authenticate
) -> Callable[[AsyncIterator[bytes], grpc.aio.ServicerContext], Awaitable[bytes]]:
    async def export(bodies: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> bytes:
        with correlated(_text_metadata(context)):
            try:
                tenant = await authenticate(_authorization(context), "ingest")
                accepted = await submit(tenant, await _only(bodies))
            except DomainError as error:
                await _refuse(context, error)
                raise
        response: bytes = signal.response(accepted).SerializeToString()
        return response

    return export


def _text_metadata(context: grpc.aio.ServicerContext) -> dict[str, str]:
    metadata = context.invocation_metadata() or ()
    return {name: value for name, value in metadata if isinstance(value, str)}


def _authorization(context: grpc.aio.ServicerContext) -> str | None:
    metadata = dict(context.invocation_metadata() or ())
    value = metadata.get("authorization")
    return value.decode("latin-1") if isinstance(value, bytes) else value


async def _only(bodies: AsyncIterator[bytes]) -> bytes:
    async for body in bodies:
        return body
    raise MalformedRequest("the call carries no request")


async def _refuse(context: grpc.aio.ServicerContext, error: DomainError) -> None:
    """End the call with the status of error; always raises."""
    logger.debug("refused: %s", error)
    code, message = answers.codes(error).grpc, str(error)
    status = answers.status(code, message, answers.retry_after_s(error))
    details = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(_STATUS_CODES[code], message, details)
