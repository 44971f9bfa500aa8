"""Serves the built web UI from static/, or placeholder.html when it was not built."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Awaitable, Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

PACKAGE = Path(__file__).parent
STATIC = PACKAGE / "static"
TRACE_PAGE = re.compile(r"^/?traces/([0-9a-f]{32})/?$")
# The features of the UI that show one of many.
ONE_OF = {"traces": "trace", "gpus": "gpu"}
RESERVED = ("api", "assets", "v1", "schema", ".well-known")

POLICY = (
    "default-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'self'; "
    "frame-ancestors 'none'; form-action 'self'; object-src 'none'"
)
PAGE_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
# The name of a file under assets/ holds a hash of its content.
ASSET_HEADERS: Mapping[str, str] = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}


# Every page asks first who is reading.
SESSION = "api/v1/session"
Asks = Request[Any, Any, Any]


def build_controller(
    may_read: Callable[[Asks], Awaitable[bool]], static: Path = STATIC
) -> type[Controller]:
    """Return the controller of the web UI that was built into `static`.

    `may_read` tells whether a caller may read data, without which the page asks for none.
    """

    async def data_ahead(request: Asks, path: FromPath[str]) -> str:
        opened = TRACE_PAGE.match(path)
        if opened is None or not await may_read(request):
            return ""
        return _preload(f"api/v1/traces/{opened[1]}/columns")

    class UIController(Controller):
        """Files of the UI, and its page for every path that the UI routes itself."""

        include_in_schema = False

        @get("/", sync_to_thread=True)
        def read_index(self, request: Asks) -> Response[bytes]:
            """Return the page."""
            return _page(static, request.scope.get("root_path", ""), _ahead(static, "/"))

        @get("/assets/{name:path}", sync_to_thread=True)
        def read_asset(self, name: FromPath[str]) -> Response[bytes]:
            """Return a file whose name changes with its content."""
            return _file(static / "assets", name, ASSET_HEADERS)

        @get("/{path:path}", sync_to_thread=True, dependencies={"ahead": Provide(data_ahead)})
        def read_route(
            self, request: Asks, path: FromPath[str], ahead: NamedDependency[str]
        ) -> Response[bytes]:
            """Return a file of the top level, or the page."""
            root_path = request.scope.get("root_path", "")
            first, _, rest = path.lstrip("/").partition("/")
            if first in RESERVED:
                raise NotFoundException(f"nothing at {path}")
            if "." in path.rpartition("/")[2] and path != "/index.html":
                return _file(static, first if not rest else "", PAGE_HEADERS)
            return _page(static, root_path, _ahead(static, path) + ahead)

    return UIController


def is_built(static: Path = STATIC) -> bool:
    """Return whether there is a UI to serve."""
    return (static / "index.html").is_file()


def _ahead(static: Path, path: str) -> str:
    """Return what has the browser load what a page needs while it still loads the app."""
    return _code_of(static, path) + _preload(SESSION)


def _code_of(static: Path, path: str) -> str:
    """Name the file of the feature that shows the path; index.html names what features share."""
    first, _, one = path.strip("/").partition("/")
    feature = ONE_OF.get(first) if one else first or "overview"
    listed = static / "chunks.json"
    chunks = json.loads(listed.read_bytes()) if listed.is_file() else {}
    chunk = chunks.get(f"src/features/{feature}/index.tsx")
    return f'<link rel="modulepreload" crossorigin href="{chunk["file"]}">' if chunk else ""


def _preload(address: str) -> str:
    return f'<link rel="preload" as="fetch" crossorigin="anonymous" href="{address}">'


def _page(static: Path, root_path: str, ahead: str = "") -> Response[bytes]:
    if not is_built(static):
        placeholder = (PACKAGE / "placeholder.html").read_bytes()
        return _response(placeholder, "index.html", {"Cache-Control": "no-store"}, 503)
    page = (static / "index.html").read_text(encoding="utf-8")
    base = f'<base href="{escape(root_path.rstrip("/"))}/">'
    page = page.replace("<head>", f"<head>{base}{ahead}", 1)
    return _response(page.encode(), "index.html", PAGE_HEADERS)


def _file(folder: Path, name: str, headers: Mapping[str, str]) -> Response[bytes]:
    parts = name.strip("/").split("/")
    if not all(parts) or any(part.startswith(".") for part in parts):
        raise NotFoundException(f"no file {name}")
    file = folder.joinpath(*parts)
    if not file.is_file():
        raise NotFoundException(f"no file {name}")
    return _response(file.read_bytes(), parts[-1], headers)


def _response(
    content: bytes, name: str, headers: Mapping[str, str], status_code: int = 200
) -> Response[bytes]:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(content, status_code=status_code, media_type=media_type, headers=dict(headers))
