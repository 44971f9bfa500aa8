"""Sends bytes over OTLP/HTTP, with the standard library alone."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time
import zlib
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from axonize.endpoint import HTTP_PORT, Endpoint, metrics_path, traces_path
from axonize.export.exporter import Receipt, Rejected, Retryable
from axonize.export.response import read_receipt, read_status_message

RETRYABLE = frozenset({429, 502, 503, 504})  # OTLP specification, "Retryable Response Codes"
MOST_ANSWER = 64 * 1024  # bytes of a response that are read; a longer one closes the connection
GZIP = 16 + zlib.MAX_WBITS


class HTTPExporter:
    """One keep-alive connection."""

    def __init__(
        self,
        endpoint: Endpoint,
        headers: Mapping[str, str],
        *,
        compression: str = "none",
        certificate: str = "",
    ) -> None:
        self._endpoint = endpoint
        self._gzip = compression == "gzip"
        self._headers = {**headers, "content-type": "application/x-protobuf"}
        if self._gzip:
            self._headers["content-encoding"] = "gzip"
        self._certificate = certificate
        self._connection: http.client.HTTPConnection | None = None

    def send(self, request: bytes, timeout_s: float) -> Receipt:
        """POST the request; a connection that the collector closed while idle is opened anew."""
        return self._send(traces_path(self._endpoint), request, timeout_s)

    def send_metrics(self, request: bytes, timeout_s: float) -> Receipt:
        """POST to the path of metrics on the same connection."""
        return self._send(metrics_path(self._endpoint), request, timeout_s)

    def interrupt(self) -> None:
        """Shut the socket, so that the thread that waits for it sees its end."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):  # closed in between
                connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _send(self, path: str, request: bytes, timeout_s: float) -> Receipt:
        body = _compress(request) if self._gzip else request
        kept_alive = self._connection is not None
        try:
            try:
                status, after, answer = self._post(path, body, timeout_s)
            except (ConnectionError, http.client.BadStatusLine):
                if not kept_alive:
                    raise
                status, after, answer = self._post(path, body, timeout_s)
        except (OSError, http.client.HTTPException) as error:
            raise Retryable(f"{type(error).__name__}: {error}") from error
        if 200 <= status < 300:
            return read_receipt(answer)
        message = f"HTTP {status} {read_status_message(answer)}".rstrip()
        if status in RETRYABLE:
            raise Retryable(message, parse_retry_after(after, time.time()))
        raise Rejected(message)

    def _post(self, path: str, body: bytes, timeout_s: float) -> tuple[int, str, bytes]:
        connection = self._connection or self._open()
        self._connection = connection
        connection.timeout = timeout_s
        if connection.sock is not None:
            connection.sock.settimeout(timeout_s)
        try:
            connection.request("POST", path, body, self._headers)
            response = connection.getresponse()
            answer = response.read(MOST_ANSWER)
        except BaseException:
            self.close()
            raise
        if response.will_close or not response.isclosed():
            self.close()
        return response.status, response.headers.get("retry-after", ""), answer

    def _open(self) -> http.client.HTTPConnection:
        host, port = self._endpoint.host, self._endpoint.port or HTTP_PORT
        if self._endpoint.secure:
            authorities = ssl.create_default_context(cafile=self._certificate or None)
            return http.client.HTTPSConnection(host, port, context=authorities)
        return http.client.HTTPConnection(host, port)


def _compress(request: bytes) -> bytes:
    compressor = zlib.compressobj(1, zlib.DEFLATED, GZIP)
    return compressor.compress(request) + compressor.flush()


def parse_retry_after(text: str, now: float) -> float | None:
    """Read a Retry-After header, a number of seconds or a date, as seconds from now (unix s)."""
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except ValueError:
        return None
