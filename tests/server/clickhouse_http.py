"""ClickHouse's HTTP interface in front of an engine in this process: a real server to connect to.

`python -m tests.server.clickhouse_http PORT DIRECTORY` serves until it is killed. It speaks what
`clickhouse-connect` uses: queries in the body or the URL, `param_*`, settings in the URL, bodies of
INSERT in any format, compression both ways, errors by status, code and text.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import chdb
import pyarrow as pa

# What the URL says to the HTTP interface itself; everything else there is a setting or a parameter.
RESERVED = {
    *("query", "database", "default_format", "query_id", "session_id", "quota_key", "role"),
    *("wait_end_of_query", "client_protocol_version", "enable_http_compression", "buffer_size"),
    *("send_progress_in_http_headers", "http_headers_progress_interval_ms"),
    "cancel_http_readonly_queries_on_client_close",
}
INSERT = re.compile(rb"\s*(INSERT\s+INTO\s.+?)\s+FORMAT\s+(\w+)[ \t]*(?:\n|$)", re.I | re.S)
CODECS = {"lz4": "lz4", "zstd": "zstd", "gzip": "gzip"}  # as HTTP and as Arrow call them
STATUSES = {46: 404, 47: 404, 60: 404, 81: 404, 62: 400, 27: 400, 36: 400, 53: 400, 159: 408}


class Query(NamedTuple):
    """One request: the text with the data of an INSERT behind it, and what the URL says."""

    text: bytes
    url: Mapping[str, str]

    @property
    def parameters(self) -> dict[str, str]:
        return {k.removeprefix("param_"): v for k, v in self.url.items() if k.startswith("param_")}

    @property
    def settings(self) -> dict[str, str]:
        return {
            k: v for k, v in self.url.items() if k not in RESERVED and not k.startswith("param_")
        }


class Engine:
    """The engine of this process; every query has a session of its own."""

    def __init__(self, directory: Path) -> None:
        self._path = str(directory)
        self._kept_open = chdb.connect(self._path)

    def run(self, query: Query) -> bytes:
        """Return the result; raises an error of chdb with ClickHouse's text."""
        with self._session() as session:
            if database := query.url.get("database"):
                session.query(f"USE `{database}`")
            for name, value in query.settings.items():
                session.query(f"SET {name} = {_quoted(value)}")
            if (insert := INSERT.match(query.text)) and insert.end() < len(query.text):
                return _insert(session, insert, query.text[insert.end() :])
            result = session.query(query.text.decode(), "TabSeparated", params=query.parameters)
            return bytes(result.bytes() or b"")

    @contextmanager
    def _session(self) -> Iterator[Any]:
        session = chdb.connect(self._path)
        try:
            yield session
        finally:
            session.close()


def _insert(session: Any, insert: re.Match[bytes], data: bytes) -> bytes:
    into, format_name = insert[1].decode(), insert[2].decode()
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        session.query(f"{into} FROM INFILE {_quoted(file.name)} FORMAT {format_name}")
    return b""


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


class Handler(BaseHTTPRequestHandler):
    """Reads a request, runs it, answers."""

    protocol_version = "HTTP/1.1"
    engine: Engine

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._answer(200, b"Ok.\n")
        else:
            self._run(b"")

    def do_POST(self) -> None:
        self._run(self._body())

    def _run(self, body: bytes) -> None:
        url = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if "multipart/form-data" in self.headers.get("Content-Type", ""):
            url |= _form(self.headers["Content-Type"], body)
            body = b""
        text = b"\n".join(filter(None, (url.get("query", "").encode(), body)))
        try:
            result = self.engine.run(Query(text, url))
        except Exception as error:
            self._refuse(str(error))
        else:
            headers = {"X-ClickHouse-Format": "TabSeparated"} if result else {}
            if url.get("enable_http_compression") == "1":
                result, encoding = _compressed(result, self.headers.get("Accept-Encoding", ""))
                headers |= {"Content-Encoding": encoding} if encoding else {}
            self._answer(200, result, headers)

    def _refuse(self, text: str) -> None:
        found = re.search(r"Code: (\d+)", text)
        code = int(found[1]) if found else 1002
        headers = {"X-ClickHouse-Exception-Code": str(code)}
        self._answer(STATUSES.get(code, 500), text.encode() + b"\n", headers)

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b"".join(self._chunks())
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        encoding = CODECS.get(self.headers.get("Content-Encoding", ""))
        return pa.CompressedInputStream(pa.py_buffer(body), encoding).read() if encoding else body

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def log_message(self, *_: object) -> None:
        """Say nothing: a test reads what the server under test says."""


def _form(content_type: str, body: bytes) -> dict[str, str]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form: Message = BytesParser(policy=HTTP).parsebytes(head + body)
    return {
        str(part.get_param("name", header="content-disposition")): str(
            part.get_payload(decode=True), "utf-8"
        )
        for part in form.walk()
        if not part.is_multipart()
    }


def _compressed(body: bytes, accepted: str) -> tuple[bytes, str]:
    """Compress with the first codec that the client names and that is known here."""
    known = [name for each in accepted.split(",") if (name := each.strip()) in CODECS]
    if not body or not known:
        return body, ""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, CODECS[known[0]]) as stream:
        stream.write(body)
    return sink.getvalue().to_pybytes(), known[0]


def main(port: str, directory: str) -> None:
    Handler.engine = Engine(Path(directory))
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
