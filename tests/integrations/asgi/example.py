"""One use of the library, for the checks that every integration has to pass."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient


def example() -> str:
    """Return what the library answers, the same each time."""
    application = Starlette(routes=[Route("/", lambda _: PlainTextResponse("hello"))])
    return TestClient(application).get("/").text
