"""`axonize doctor --server URL`: whether a server takes spans, keeps them, and gives them back."""

from __future__ import annotations

import gzip
import json
import re
import ssl
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from axonize.config import Config, load
from axonize.export import make_exporter
from axonize.export.exporter import Rejected, Retryable
from axonize.finding import Finding, advise
from axonize.speed import Span, encode_request, encode_spans
from axonize.version import VERSION

TIMEOUT_S = 10.0
# The header Date has whole seconds, and a request takes some of one.
CLOCKS_AGREE_S, CLOCKS_DIFFER_S = 3.0, 60.0
SECTION = "Server"


class Answer(NamedTuple):
    """What the server said: the status is 0 when it said nothing, and the body why."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}

    @property
    def time_s(self) -> float | None:
        """The server's clock in Unix seconds, when it says so."""
        date = self.headers.get("date")
        return parsedate_to_datetime(date).timestamp() if date else None


class Server:
    """A server at a URL, asked with the key and the authorities of the settings."""

    def __init__(self, url: str, config: Config) -> None:
        self.url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {config.api_key}"} if config.api_key else {}
        self._tls = ssl.create_default_context(cafile=config.certificate or None)

    def get(self, path: str) -> Answer:
        """Ask for a path."""
        return self._ask(path, None, {}, TIMEOUT_S)

    def post_json(self, path: str, body: bytes, timeout_s: float) -> Answer:
        """Send JSON, compressed."""
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        return self._ask(path, gzip.compress(body, 1), headers, timeout_s)

    def _ask(
        self, path: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float
    ) -> Answer:
        request = urllib.request.Request(  # noqa: S310
            self.url + path, body, {**self._headers, **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s, context=self._tls) as answer:  # noqa: S310
                return Answer(answer.status, answer.read(), _lower(answer.headers.items()))
        except HTTPError as error:
            return Answer(error.code, error.read(), _lower(error.headers.items()))
        except (URLError, OSError) as error:
            return Answer(0, str(getattr(error, "reason", error)).encode())


def _lower(headers: list[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


def check_server(url: str) -> Iterator[Finding]:
    """Look at a server from outside, in the order in which a trace needs its parts."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield Finding(SECTION, "bad", f"{url} is no URL", "Write http://host:8080 or https://...")
        return
    try:
        config = load(Config, {})
    except ValueError as error:
        yield Finding("Settings", "bad", str(error), "Correct the variable, or unset it.")
        return
    server = Server(url, config)
    alive = server.get("/healthz")
    yield _check_reach(server, alive)
    if alive.status != 200:
        return
    yield from _check_clock(alive)
    yield from _check_stores(server)
    yield from _check_metrics(server)
    yield from _check_spans(server, config)


def _check_reach(server: Server, alive: Answer) -> Finding:
    if alive.status == 200:
        return Finding(SECTION, "good", f"{server.url} answers")
    if alive.status:
        text = f"{server.url} answers /healthz with HTTP {alive.status}"
        return Finding(SECTION, "bad", text, "Look whether this is an Axonize server.")
    reason = alive.body.decode(errors="replace")
    advice = "Start it with `axonize serve`, and see its --host, its port and firewalls between."
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        advice = "Set AXONIZE_CERTIFICATE to the file of the authorities that signed for it."
    elif "WRONG_VERSION_NUMBER" in reason:
        advice = "The port speaks without TLS: write http:// instead of https://."
    elif server.url.startswith("http:") and "closed" in reason.lower():
        advice = "The port may speak TLS: write https:// instead of http://."
    return Finding(SECTION, "bad", f"{server.url} does not answer: {reason}", advice)


def _check_clock(answer: Answer) -> Iterator[Finding]:
    if answer.time_s is None:
        return
    ahead_s = answer.time_s - time.time()
    facts = {"ahead_s": round(ahead_s, 1)}
    if abs(ahead_s) <= CLOCKS_AGREE_S:
        yield Finding(SECTION, "good", "its clock agrees with the one here", facts=facts)
        return
    text = f"its clock is {abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} this one"
    advice = "Run NTP on both: traces are listed by the time that senders say."
    wrong = abs(ahead_s) > CLOCKS_DIFFER_S
    yield Finding(SECTION, "bad" if wrong else "note", text, advice, facts)


def _check_stores(server: Server) -> Iterator[Finding]:
    ready = server.get("/readyz")
    try:
        databases = json.loads(ready.body)["databases"]
    except (ValueError, KeyError, TypeError):
        text = f"/readyz answers HTTP {ready.status}, not with the state of databases"
        yield Finding(SECTION, "bad", text, "Look whether this is an Axonize server.")
        return
    for name, state in databases.items():
        if state == "ok":
            yield Finding(SECTION, "good", f"{name} answers it", facts={name: state})
        else:
            advice = f"See the server's log, and AXONIZE_{name.upper()}_DSN there."
            yield Finding(SECTION, "bad", f"{name} is {state}", advice, {name: state})


def _check_metrics(server: Server) -> Iterator[Finding]:
    """Say its version and for how long it keeps what, which its metrics name."""
    text = server.get("/metrics").body.decode(errors="replace")
    if found := re.search(r'^axonize_build_info\{.*?version="([^"]+)"', text, re.MULTILINE):
        facts = {"server": found[1], "here": VERSION}
        advice = "" if found[1] == VERSION else f"Here is {VERSION}: upgrade the older one."
        yield Finding(SECTION, "note" if advice else "good", f"axonize {found[1]}", advice, facts)
    kept = re.findall(r'^axonize_retention_seconds\{table="(\w+)"\} ([\d.]+)', text, re.MULTILINE)
    if kept:
        days = {table: float(seconds) / 86_400 for table, seconds in kept}
        said = ", ".join(f"{table} {number:g} days" for table, number in days.items())
        yield Finding(SECTION, "good", f"it keeps at most {said}", facts=days)


def _check_spans(server: Server, config: Config) -> Iterator[Finding]:
    """Send a span to each port, and read it back."""
    for name, endpoint in _endpoints(server, config):
        trace_id, request = _request()
        try:
            with closing(
                make_exporter(replace(config, endpoint=endpoint, protocol=name))
            ) as sender:
                receipt = sender.send(request, TIMEOUT_S)
        except (Rejected, Retryable, ValueError, OSError) as error:
            text = f"{endpoint} ({name}) does not take a span: {error}"
            yield Finding("Spans", "bad", text, advise(str(error)))
            continue
        if receipt.rejected_spans:
            yield Finding("Spans", "bad", f"{endpoint} ({name}) refuses: {receipt.message}")
        else:
            yield _check_stored(server, trace_id, f"{endpoint} ({name})")


def _endpoints(server: Server, config: Config) -> Iterator[tuple[str, str]]:
    yield "http", server.url
    if config.endpoint != Config().endpoint:
        yield "grpc", config.endpoint
        return
    url = urlsplit(server.url)
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    yield "grpc", f"{url.scheme}://{host}:4317"


def _request() -> tuple[str, bytes]:
    span = Span("axonize doctor")
    span.end()
    resource = {"service.name": "axonize-doctor"}
    return span.trace_id, encode_request(resource, ("axonize", VERSION), [encode_spans([span])])


def _check_stored(server: Server, trace_id: str, where: str) -> Finding:
    answer = server.get(f"/api/v1/traces/{trace_id}")
    if answer.status == 200:
        return Finding("Spans", "good", f"{where} took a span, and it was read back")
    if answer.status in (401, 403):
        advice = "A key with the scope `read` could."
        return Finding("Spans", "note", f"{where} took a span; this key cannot read it", advice)
    if answer.status == 404 and server.get("/api/v1/traces").status == 404:
        return Finding("Spans", "good", f"{where} took a span; this server answers no questions")
    text = f"{where} took a span, but reading it back is answered HTTP {answer.status}"
    return Finding("Spans", "bad", text, "See the server's log.")
