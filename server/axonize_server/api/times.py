"""Times on the wire: RFC 3339 in, RFC 3339 in UTC with nine decimals out."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from axonize_server.model import InvalidQuery

RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)"
)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FIRST_NS = 0
LAST_NS = 7_258_118_400_000_000_000  # 2200-01-01, well before int64 ends
EXPECTED = "expected an RFC 3339 time such as 2026-11-23T07:39:01.123Z"


def parse_time(name: str, text: str) -> int:
    """Return Unix ns; raises InvalidQuery, which names the parameter and what is expected."""
    match = RFC_3339.fullmatch(text)
    if match is None:
        hint = "; write + as %2B in a URL" if re.search(r" \d\d:\d\d$", text) else ""
        raise InvalidQuery(f"{name}: {EXPECTED}{hint}")
    date, clock, fraction, offset = match.groups()
    offset = "+00:00" if offset in "Zz" else offset
    try:
        seconds = datetime.fromisoformat(f"{date}T{clock}{offset}").timestamp()
    except (ValueError, OverflowError):
        raise InvalidQuery(f"{name}: {EXPECTED}; there is no such date or time") from None
    nanoseconds = int(seconds) * 1_000_000_000 + int((fraction or "").ljust(9, "0"))
    if not FIRST_NS <= nanoseconds < LAST_NS:
        raise InvalidQuery(f"{name}: expected a time from 1970 to 2199")
    return nanoseconds


def format_moment(moment: datetime) -> str:
    """Write a time of an account as format_time does."""
    return format_time((moment - EPOCH) // timedelta(microseconds=1) * 1000)


def format_time(nanoseconds: int) -> str:
    """Write Unix ns as text, such as 2026-11-23T07:39:01.123456789Z."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
