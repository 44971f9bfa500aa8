from __future__ import annotations

import asyncio
import socket

import pytest
from axonize_server.listeners import Addresses, bind
from axonize_server.model import StartError
from axonize_server.settings import ServerSettings


@pytest.mark.parametrize(
    ("host", "http", "grpc"),
    [
        ("127.0.0.1", "http://127.0.0.1:1", "127.0.0.1:2"),
        ("0.0.0.0", "http://127.0.0.1:1", "127.0.0.1:2"),
        ("::", "http://[::1]:1", "[::1]:2"),
        ("[::1]", "http://[::1]:1", "[::1]:2"),
        ("example.com", "http://example.com:1", "example.com:2"),
    ],
)
def test_an_address_is_one_that_works_on_this_machine(host, http, grpc):
    assert Addresses.of(host, 1, 2) == (http, grpc)


def test_a_port_can_be_bound_once():
    with bind(ServerSettings(http_port=0), "http_port") as listener:
        port = listener.getsockname()[1]
        assert port
        listener.listen()
        settings = ServerSettings(grpc_port=port)
        message = (
            f"cannot listen on 127.0.0.1 port {port}: Address already in use; choose another "
            "with --grpc-port or AXONIZE_GRPC_PORT, 0 for a free one"
        )
        with pytest.raises(StartError, match=message), bind(settings, "grpc_port"):
            pass
    with bind(settings, "grpc_port"):
        pass


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_refused(host):
    with pytest.raises(StartError, match=host), bind(ServerSettings(host=host), "http_port"):
        pass


def test_what_is_sent_waits_for_nothing():
    async def first_connection(listener) -> int:
        accepted = asyncio.get_running_loop().create_future()
        async with await asyncio.start_server(
            lambda _, writer: accepted.set_result(writer), sock=listener
        ):
            _, asking = await asyncio.open_connection(*listener.getsockname())
            answering = await accepted
            connection = answering.get_extra_info("socket")
            try:
                return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            finally:
                asking.close()
                answering.close()

    with bind(ServerSettings(http_port=0), "http_port") as listener:
        assert asyncio.run(first_connection(listener))
