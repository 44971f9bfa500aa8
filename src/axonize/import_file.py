"""`axonize import FILE`: sends OTLP/JSON, one export request a line, to a server."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from axonize.config import Config, load
from axonize.export.http import RETRYABLE, parse_retry_after
from axonize.server_check import Answer, Server

TIMEOUT_S = 60.0
# A server that restarts, or has to catch up, is waited for.
PATIENCE_S = 120.0
LONGEST_PAUSE_S = 10.0


class _Refused(Exception):  # noqa: N818 - what happened, not what it is
    """The server does not take a line; the text says why."""


def import_file(path: str, url: str) -> int:
    """Send every line of a file and return 0; 1 after saying which one the server does not take.

    Spans that were sent before are stored once all the same. 2 after saying what is wrong with the
    arguments.
    """
    try:
        server = Server(url, load(Config, {}))
        sent, refused = _send_lines(Path(path), server)
    except (ValueError, OSError) as error:
        print(f"axonize: {error}", file=sys.stderr)
        return 2
    except _Refused as error:
        print(f"axonize: {path}, {error}", file=sys.stderr)
        return 1
    if refused:
        print(f"axonize: the server left out {refused} spans that are not valid", file=sys.stderr)
    print(f"requests sent to {server.url}: {sent}")
    return 1 if refused else 0


def _send_lines(path: Path, server: Server) -> tuple[int, int]:
    """Return how many requests were sent, and how many spans the server left out of them."""
    sent = refused = 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            answer = _send(server, line, waits_for_it=sent > 0)
            if answer.status != 200:
                raise _Refused(f"line {number}: {_reason(answer)}")
            sent += 1
            refused += _refused_spans(answer)
    return sent, refused


def _send(server: Server, line: bytes, *, waits_for_it: bool) -> Answer:
    """Send a line until the server has taken it, or says that it never will, or for too long.

    One that does not answer is waited for when it did so before; else the address may be wrong.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = server.post_json("/v1/traces", line, TIMEOUT_S)
        pause_s = _pause_s(answer) if answer.status or waits_for_it else None
        if pause_s is None or time.monotonic() + pause_s > deadline:
            return answer
        time.sleep(pause_s)


def _pause_s(answer: Answer) -> float | None:
    """Return when to send again, in seconds; None when that cannot help."""
    after = parse_retry_after(answer.headers.get("retry-after", ""), time.time())
    if after is None and answer.status in (200, 429):  # a quota that is used up names no time
        return None
    if answer.status and answer.status not in RETRYABLE:
        return None
    return min(after or 1.0, LONGEST_PAUSE_S)


def _reason(answer: Answer) -> str:
    if not answer.status:
        return answer.body.decode(errors="replace")
    try:
        said = json.loads(answer.body)["message"]
    except (ValueError, KeyError, TypeError):
        said = answer.body[:200].decode(errors="replace")
    return f"HTTP {answer.status} {said}"


def _refused_spans(answer: Answer) -> int:
    try:
        return int(json.loads(answer.body)["partialSuccess"]["rejectedSpans"])
    except (ValueError, KeyError, TypeError):
        return 0
