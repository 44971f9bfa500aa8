"""Server spans of real Starlette and FastAPI applications, in process and behind uvicorn."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import fastapi
import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from axonize import guard, patching
from axonize.integrations import asgi
from axonize.integrations.asgi import ASGI
from axonize.speed import Span, current_span
from tests.integrations.conftest import MEASURED, Recorded

CALLER = "00-11111111111111111111111111111111-2222222222222222-01"


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    patching.install(ASGI)
    yield
    patching.uninstall(ASGI)


async def item(request: Request) -> Response:
    with Span("work"):
        return PlainTextResponse(f"item {request.path_params['number']}")


async def breaks(_: Request) -> Response:
    raise ValueError("no model")


async def unavailable(_: Request) -> Response:
    return PlainTextResponse("later", status_code=503)


async def streams(_: Request) -> Response:
    async def tokens() -> AsyncIterator[bytes]:
        for number in range(3):
            await asyncio.sleep(0)
            with Span(f"token {number}"):
                yield b"token "

    return StreamingResponse(tokens())


async def breaks_in_the_middle(_: Request) -> Response:
    async def tokens() -> AsyncIterator[bytes]:
        yield b"token "
        raise RuntimeError("out of memory")

    return StreamingResponse(tokens())


async def leaves_work(_: Request) -> Response:
    def work() -> None:
        with Span("afterwards"):
            time.sleep(0.05)

    return PlainTextResponse("done", background=BackgroundTask(work))


async def echoes(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


ROUTES = [
    Route("/items/{number}", item, methods=["GET", "POST"]),
    Route("/breaks", breaks),
    Route("/unavailable", unavailable),
    Route("/streams", streams),
    Route("/breaks-in-the-middle", breaks_in_the_middle),
    Route("/leaves-work", leaves_work),
    WebSocketRoute("/echoes", echoes),
]


def get(application: Any, path: str, **arguments: Any) -> httpx.Response:
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://models:8000") as client:
            return await client.request(arguments.pop("method", "GET"), path, **arguments)

    return asyncio.run(send())


def expected(name: str, code: int, path: str, **more: Any) -> dict[str, Any]:
    method, _, route = name.partition(" ")
    attributes = {
        "http.request.method": method,
        "url.scheme": "http",
        "url.path": path,
        "network.protocol.version": "1.1",
        "server.address": "models",
        "server.port": 8000,
        "client.address": "127.0.0.1",
        "client.port": 123,
        "user_agent.original": "test",
        "http.response.status_code": code,
        "axonize.http.ttfb_ms": MEASURED,
    }
    if route:
        attributes["http.route"] = route
    attributes |= more.pop("attributes", {})
    return {"name": name, "kind": "server", "attributes": attributes, **more}


AGENT = {"user-agent": "test"}
WORK = {"name": "work"}


def test_a_request_and_what_it_does(recorded: Recorded) -> None:
    response = get(Starlette(routes=ROUTES), "/items/3?key=secret", headers=AGENT)
    assert response.text == "item 3"
    assert recorded.tree() == [expected("GET /items/{number}", 200, "/items/3", children=[WORK])]


def test_the_caller_s_trace_goes_on(recorded: Recorded) -> None:
    get(Starlette(routes=ROUTES), "/items/3", headers={"traceparent": CALLER})
    server, _ = recorded.spans()
    assert (server.trace_id, server.parent_span_id) == ("1" * 32, "2" * 16)


def test_without_a_route_the_name_is_the_method(recorded: Recorded) -> None:
    get(Starlette(routes=ROUTES), "/wp-admin.php", headers=AGENT)
    assert recorded.tree() == [expected("GET", 404, "/wp-admin.php")]


def test_a_method_nobody_knows_is_another(recorded: Recorded) -> None:
    get(Starlette(routes=ROUTES), "/items/3", method="BREW", headers=AGENT)
    [span] = recorded.tree()
    assert span["name"] == "HTTP /items/{number}"
    assert span["attributes"]["http.request.method"] == "_OTHER"
    assert span["attributes"]["http.response.status_code"] == 405


def test_a_server_error_is_an_error(recorded: Recorded) -> None:
    get(Starlette(routes=ROUTES), "/unavailable", headers=AGENT)
    assert recorded.tree() == [
        expected(
            "GET /unavailable",
            503,
            "/unavailable",
            attributes={"error.type": "503"},
            status="error",
        )
    ]


def test_an_exception_is_told_and_still_raised(recorded: Recorded) -> None:
    assert get(Starlette(routes=ROUTES), "/breaks", headers=AGENT).status_code == 500
    assert recorded.tree() == [
        expected(
            "GET /breaks",
            500,
            "/breaks",
            attributes={"error.type": "ValueError"},
            status=("error", "ValueError: no model"),
            events=[
                (
                    "exception",
                    {"exception.type": "ValueError", "exception.message": "no model"},
                )
            ],
        )
    ]
    with pytest.raises(ValueError, match="no model"):
        TestClient(Starlette(routes=ROUTES)).get("/breaks")


def test_a_stream_lasts_to_its_last_byte(recorded: Recorded) -> None:
    assert get(Starlette(routes=ROUTES), "/streams").text == "token token token "
    server, *tokens = recorded.spans()
    assert [token.parent_span_id for token in tokens] == [server.span_id] * 3
    assert server.end_ns >= tokens[-1].end_ns


def test_a_stream_that_breaks_is_an_error(recorded: Recorded) -> None:
    with pytest.raises(RuntimeError, match="out of memory"):
        TestClient(Starlette(routes=ROUTES)).get("/breaks-in-the-middle")
    [span] = recorded.tree()
    assert span["status"] == ("error", "RuntimeError: out of memory")
    assert span["attributes"]["http.response.status_code"] == 200


def test_work_left_for_later_is_below_the_request_but_not_in_its_time(recorded: Recorded) -> None:
    get(Starlette(routes=ROUTES), "/leaves-work")
    server, work = recorded.spans()
    assert work.parent_span_id == server.span_id
    assert server.end_ns <= work.start_ns


def test_no_span_is_current_after_a_request(recorded: Recorded) -> None:
    async def request() -> Any:
        scope = {"type": "http", "method": "GET", "path": "/items/1", "headers": []}

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_: Any) -> None:
            assert current_span.get() is not None

        await Starlette(routes=ROUTES)({**scope, "query_string": b""}, receive, send)
        return current_span.get()

    assert asyncio.run(request()) is None
    [span] = recorded.tree()
    assert "server.address" not in span["attributes"]


def test_mounted_applications_share_one_span(recorded: Recorded, tmp_path: Any) -> None:
    (tmp_path / "a.txt").write_text("a")
    inner = Starlette(routes=ROUTES)
    files = Mount("/files", StaticFiles(directory=tmp_path))
    outer = Starlette(routes=[Mount("/v1", inner), files])
    assert get(outer, "/v1/items/3").text == "item 3"
    assert get(outer, "/files/a.txt").text == "a"
    assert get(outer, "/v1/nothing").status_code == 404
    assert recorded.outline() == [
        ("GET /v1/items/{number}", ["work"]),
        "GET /files",
        "GET /v1",
    ]


def test_a_proxy_s_prefix_is_part_of_the_route(recorded: Recorded) -> None:
    application = Starlette(routes=ROUTES)

    async def behind_a_proxy(scope: Any, receive: Any, send: Any) -> None:
        scope["root_path"] = "/models"
        await application(scope, receive, send)

    get(behind_a_proxy, "/models/items/3")
    assert recorded.outline() == [("GET /models/items/{number}", ["work"])]


def test_middleware_lies_below_the_request(recorded: Recorded) -> None:
    class Checks(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: Any) -> Any:
            with Span("check"):
                return await call_next(request)

    get(Starlette(routes=ROUTES, middleware=[Middleware(Checks)]), "/items/3")
    [(name, [(check, _)])] = recorded.outline()
    assert (name, check) == ("GET /items/{number}", "check")


def test_fastapi_routes_with_the_prefix_of_their_router(recorded: Recorded) -> None:
    router = fastapi.APIRouter(prefix="/v1")

    @router.get("/models/{name}")
    def model(name: str) -> str:
        with Span("in a thread"):
            return name

    application = fastapi.FastAPI()
    application.include_router(router, prefix="/api")
    admin = fastapi.FastAPI()
    admin.get("/users/{user}")(lambda user: user)
    application.mount("/admin", admin)
    assert get(application, "/api/v1/models/llama").json() == "llama"
    assert get(application, "/admin/users/me").json() == "me"
    assert recorded.outline() == [
        ("GET /api/v1/models/{name}", ["in a thread"]),
        "GET /admin/users/{user}",
    ]


def test_a_websocket_works_and_has_no_span(recorded: Recorded) -> None:
    with TestClient(Starlette(routes=ROUTES)).websocket_connect("/echoes") as session:
        session.send_text("hello")
        assert session.receive_text() == "hello"
    assert recorded.spans() == []


def test_a_broken_observer_leaves_the_response_as_it_is(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("not in this version")

    guard.set_strict(False)
    application = Starlette(routes=ROUTES)
    monkeypatch.setattr(asgi._Exchange, "_describe", broken)
    assert get(application, "/items/3").text == "item 3"
    monkeypatch.setattr(asgi._Exchange, "_body", broken)
    assert get(application, "/streams").text == "token token token "
    monkeypatch.setattr(asgi, "_request_attributes", broken)
    assert get(application, "/items/3").text == "item 3"
    assert get(application, "/breaks").status_code == 500


class Server:
    """A real server on a free port."""

    def __init__(self, application: Any) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._server = uvicorn.Server(uvicorn.Config(application, log_level="critical"))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def __enter__(self) -> Server:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


def test_a_client_that_leaves_is_no_error_of_the_server(recorded: Recorded) -> None:
    left = threading.Event()

    async def endless(_: Request) -> Response:
        async def tokens() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"token "
                    await asyncio.sleep(0.01)
            finally:
                left.set()

        return StreamingResponse(tokens())

    with Server(Starlette(routes=[Route("/endless", endless)])) as server:
        with httpx.stream("GET", f"http://127.0.0.1:{server.port}/endless") as response:
            next(response.iter_bytes())
        assert left.wait(60)
    [span] = recorded.tree()
    assert "status" not in span
    assert "events" not in span
    assert span["attributes"]["axonize.http.client_disconnected"] is True
    assert span["attributes"]["http.response.status_code"] == 200
    assert span["attributes"]["server.port"] == server.port


def test_a_send_that_fails_is_a_client_that_left(recorded: Recorded) -> None:
    async def request() -> None:
        scope = {"type": "http", "method": "GET", "path": "/streams", "headers": []}
        version = {"asgi": {"version": "3.0", "spec_version": "2.4"}}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                raise BrokenPipeError

        with pytest.raises(ClientDisconnect):
            await Starlette(routes=ROUTES)({**scope, **version}, send, send)

    asyncio.run(request())
    server, _ = recorded.spans()
    assert server.attributes["axonize.http.client_disconnected"] is True
    assert (server.status, server.events) == ("unset", [])


def test_two_requests_at_once_keep_their_callers(recorded: Recorded) -> None:
    arrived: list[str] = []

    async def meets(request: Request) -> Response:
        with Span(f"before {request.path_params['name']}"):
            arrived.append(request.path_params["name"])
            while len(arrived) < 2:
                await asyncio.sleep(0)
        with Span(f"after {request.path_params['name']}"):
            return PlainTextResponse("met")

    async def ask() -> None:
        transport = httpx.ASGITransport(Starlette(routes=[Route("/{name}", meets)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://models") as client:
            await asyncio.gather(
                *(
                    client.get(
                        f"/{name}", headers={"traceparent": f"00-{name * 32}-{name * 16}-01"}
                    )
                    for name in "ab"
                )
            )

    asyncio.run(ask())
    spans = recorded.spans()
    for name in "ab":
        server, *inner = (span for span in spans if span.trace_id == name * 32)
        assert server.parent_span_id == name * 16
        assert [span.name for span in inner] == [f"before {name}", f"after {name}"]
        assert {span.parent_span_id for span in inner} == {server.span_id}
