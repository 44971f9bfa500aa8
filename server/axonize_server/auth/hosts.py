"""Refuses names of the server that only a web page from elsewhere would use."""

from __future__ import annotations

from collections.abc import Callable, Collection

from litestar.types import ASGIApp, Receive, Scope, Send

from axonize_server.model import Forbidden
from axonize_server.settings import is_loopback


def check_hosts(allowed: Collection[str]) -> Callable[[ASGIApp], ASGIApp]:
    """Return middleware that answers only those who use a name of this machine, or an allowed one.

    A page whose name was pointed at this machine (DNS rebinding) sends that name.
    """
    known = frozenset(name.lower() for name in allowed)

    def middleware(app: ASGIApp) -> ASGIApp:
        async def checking(scope: Scope, receive: Receive, send: Send) -> None:
            headers = dict(scope["headers"])
            _check(_name(headers.get(b"host", b"").decode("latin-1")), known)
            await app(scope, receive, send)

        return checking

    return middleware


def _check(name: str, known: Collection[str]) -> None:
    # Without a name it is an old program, and no browser.
    if name and not is_loopback(name) and name not in known:
        raise Forbidden(
            f"this server has no key and answers to localhost only, not to {name!r}: set "
            "AXONIZE_API_KEY, or AXONIZE_ALLOWED_HOSTS when a proxy sends that name"
        )


def _name(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0].lstrip("[")
    return host.partition(":")[0].lower()
