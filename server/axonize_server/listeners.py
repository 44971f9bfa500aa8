"""The two ports: binding them with clear errors, and running what answers on them."""

from __future__ import annotations

import socket
from asyncio import ensure_future, gather, sleep
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

import uvicorn
from litestar import Litestar

from axonize_server.auth.gate import Authenticate
from axonize_server.ingest.grpc import build_server
from axonize_server.ingest.receiver import Submits
from axonize_server.model import StartError
from axonize_server.settings import ServerSettings
from axonize_server.tls import TLS

Stop = Callable[[], Awaitable[None]]


class Addresses(NamedTuple):
    """Where the server can be reached: a URL for HTTP, host:port for gRPC."""

    http: str
    grpc: str

    @classmethod
    def of(cls, host: str, http_port: int, grpc_port: int, *, tls: bool = False) -> Addresses:
        """Name an address that works on this machine, also when the server listens on all.

        With TLS that of gRPC is a URL, too, as the SDK's setting `endpoint` takes it.
        """
        host = host.strip("[]")
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        if tls:
            return cls(f"https://{host}:{http_port}", f"https://{host}:{grpc_port}")
        return cls(f"http://{host}:{http_port}", f"{host}:{grpc_port}")


@contextmanager
def bind(settings: ServerSettings, setting: str) -> Iterator[socket.socket]:
    """Bind the port of a setting for as long as the block lasts; raises StartError."""
    port: int = getattr(settings, setting)
    try:
        family, *_, address = socket.getaddrinfo(
            settings.host.strip("[]"), port, type=socket.SOCK_STREAM
        )[0]
    except socket.gaierror as error:
        raise StartError(f"host={settings.host} is no address of this machine: {error}") from None
    # asyncio sends at once what it is given (TCP_NODELAY) on sockets whose protocol is named alone;
    # else the body of an answer waits until the other side has acknowledged its head, 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise _port_error(settings, setting, error.strerror or str(error)) from None
        yield listener


def _port_error(settings: ServerSettings, setting: str, reason: str) -> StartError:
    option = "--" + setting.replace("_", "-")
    return StartError(
        f"cannot listen on {settings.host} port {getattr(settings, setting)}: {reason}; choose "
        f"another with {option} or AXONIZE_{setting.upper()}, 0 for a free one"
    )


class _HTTPServer(uvicorn.Server):  # type: ignore[misc]
    """A uvicorn that leaves signals to the caller."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def listening(
    settings: ServerSettings,
    app: Litestar,
    submits: Submits,
    authenticate: Authenticate,
    listener: socket.socket,
    tls: TLS | None = None,
) -> AsyncIterator[Addresses]:
    """Answer on both ports until the block ends, then finish what is under way, within the limit.

    The listener is bound to the HTTP port. Raises StartError.
    """
    grpc_port, stop_grpc = await _start_grpc(settings, submits, authenticate, tls)
    stop_http = await _start_http(settings, app, listener, tls)
    http_port = listener.getsockname()[1]
    try:
        yield Addresses.of(settings.host, http_port, grpc_port, tls=tls is not None)
    finally:
        await gather(stop_http(), stop_grpc())


async def _start_http(
    settings: ServerSettings, app: Litestar, listener: socket.socket, tls: TLS | None
) -> Stop:
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        root_path=settings.root_path.rstrip("/"),
        server_header=False,
        timeout_graceful_shutdown=settings.stop_timeout_s,
        **(tls.for_http() if tls else {}),
    )
    config.load()
    if tls:
        tls.follow(config.ssl)
    server = _HTTPServer(config)
    serving = ensure_future(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await sleep(0.01)

    async def stop() -> None:
        server.should_exit = True
        await serving

    return stop


async def _start_grpc(
    settings: ServerSettings, submits: Submits, authenticate: Authenticate, tls: TLS | None
) -> tuple[int, Stop]:
    host = settings.host.strip("[]")
    host = f"[{host}]" if ":" in host else host
    address, credentials = f"{host}:{settings.grpc_port}", tls.for_grpc() if tls else None
    try:
        server, port = build_server(submits, authenticate, address, credentials)
    except RuntimeError:
        raise _port_error(settings, "grpc_port", "it is in use or not allowed") from None
    await server.start()

    async def stop() -> None:
        await server.stop(settings.stop_timeout_s)

    return port, stop
