"""serve(): the composition root; opens what the server needs, runs it, and stops it in reverse."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack

from axonize_server import forking, logs  # noqa: F401  (forking: before what imports gRPC)
from axonize_server.allocators import HAND_BACK_EVERY_S, hand_back, keep_little
from axonize_server.assembly import assemble
from axonize_server.banner import announce, withdraw
from axonize_server.chores import Chore, start
from axonize_server.listeners import bind, listening
from axonize_server.lock import DataLock
from axonize_server.model import DomainError, StartError
from axonize_server.settings import ServerSettings, load_settings
from axonize_server.store.databases import Databases
from axonize_server.tls import LOOK_EVERY_S, TLS

logger = logging.getLogger(__name__)

OK, REFUSED = 0, 2
# The databases may take this long to close, after what stop_timeout_s allows the receivers.
CLOSING_S = 20.0


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; return 0, or 2 after saying why the server cannot start."""
    return _run(arguments, lambda settings: asyncio.run(serve(settings)))


def migrate(arguments: argparse.Namespace) -> int:
    """Bring the databases to this release and return 0, or 2 after saying why that cannot be."""
    return _run(arguments, _migrate)


def _run(arguments: argparse.Namespace, work: Callable[[ServerSettings], None]) -> int:
    names = ServerSettings.__dataclass_fields__
    given = {name: value for name, value in vars(arguments).items() if name in names}
    try:
        settings = _settings(given)
        logs.configure(settings.log_format, settings.log_level)
        keep_little()
        work(settings)
    except DomainError as error:
        print(f"axonize: {error}", file=sys.stderr)
        return REFUSED
    return OK


def _settings(given: dict[str, object]) -> ServerSettings:
    try:
        return load_settings(given)
    except ValueError as error:
        raise StartError(str(error)) from None


def _migrate(settings: ServerSettings) -> None:
    lock = DataLock(settings.data_path)
    try:
        databases = Databases(settings, applying=_say_applied)
        databases.close()
    finally:
        lock.release()
    print("The databases are up to date.")


def _say_applied(name: str, seconds: float | None) -> None:
    if seconds is None:
        print(name, end=" ... ", flush=True)
    else:
        print(f"{seconds:.1f} s", flush=True)


async def serve(settings: ServerSettings) -> None:
    """Run the server until a signal; every part is stopped in the reverse order of its start."""
    stop = _stop_on_signals()
    async with AsyncExitStack() as stack:
        tls = TLS.of(settings)
        lock = DataLock(settings.data_path)
        stack.callback(lock.release)
        socket = stack.enter_context(bind(settings, "http_port"))
        with bind(settings, "grpc_port"):
            pass  # gRPC binds it later by itself, and could only say that it failed
        databases = await asyncio.to_thread(Databases, settings)
        stack.push_async_callback(asyncio.to_thread, databases.close)
        app, ingest, gate = await assemble(settings, databases, stack)
        receiving = listening(settings, app, ingest.submits, gate.authenticate, socket, tls)
        if tls:
            # The files of the certificate are followed for as long as the server runs.
            start(Chore(tls.renew, LOOK_EVERY_S, "the certificate of before is served on"), stack)
        start(Chore(hand_back, HAND_BACK_EVERY_S, "memory is not handed back"), stack)
        async with receiving as addresses:
            lock.write(addresses.http)
            announce(settings, addresses, databases.applied)
            stack.callback(withdraw, settings)
            # What was built so far lives as long as the process: a full collection that looked
            # through it would hold every request up for some 0.1 s.
            gc.freeze()
            logger.info("ready: %s, %s", addresses.http, addresses.grpc)
            await stop.wait()
            logger.info("stopping: what is under way has %d s", settings.stop_timeout_s)
            _exit_when_stuck(settings.stop_timeout_s + CLOSING_S)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _exit_when_stuck(seconds: float) -> None:
    """End the process when the stop takes too long: what was acknowledged is stored already."""
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()
