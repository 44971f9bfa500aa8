"""gRPC reads its setting when it is imported, so nothing of the server may import it earlier."""

from __future__ import annotations

import subprocess
import sys

FORK_UNDER_LOAD = """
import asyncio, subprocess
from axonize_server import main
import grpc

class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        async def answer(request, context):
            return request
        return grpc.unary_unary_rpc_method_handler(answer)

async def run():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Echo(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/a/b")
        async def ask():
            while not done.is_set():
                await call(bytes(100_000))
        done = asyncio.Event()
        asking = [asyncio.create_task(ask()) for _ in range(8)]
        for _ in range(20):
            # A function to run in the child rules out vfork, which has no fork handlers.
            await asyncio.to_thread(subprocess.run, ["true"], preexec_fn=int)
        done.set()
        await asyncio.gather(*asking)
    await server.stop(None)

asyncio.run(run())
"""


def test_a_fork_under_load_says_nothing() -> None:
    command = [sys.executable, "-c", FORK_UNDER_LOAD]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "fork" not in found.stderr
