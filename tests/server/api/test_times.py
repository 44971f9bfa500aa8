from __future__ import annotations

import pytest
from axonize_server.api.times import format_time, parse_time
from axonize_server.model import InvalidQuery


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2026-11-23T07:39:01.123456789Z", 1795419541123456789),
        ("2026-11-23t07:39:01z", 1795419541000000000),
        ("2026-11-23T08:39:01.1+01:00", 1795419541100000000),
        ("2026-11-23 07:39:01.0000000009Z", 1795419541000000000),
        ("1970-01-01T00:00:00Z", 0),
        ("2199-12-31T23:59:59.999999999Z", 7258118399999999999),
    ],
)
def test_rfc_3339_is_read_to_the_nanosecond(text, nanoseconds):
    assert parse_time("from", text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-23",
        "2026-11-23T07:39:01",
        "1795419541",
        "2026-11-23T07:39Z",
        "²026-11-23T07:39:01Z",
    ],
)
def test_other_forms_are_refused(text):
    with pytest.raises(InvalidQuery, match="from: expected an RFC 3339 time"):
        parse_time("from", text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-02-30T00:00:00Z", "there is no such date or time"),
        ("2026-01-01T25:00:00Z", "there is no such date or time"),
        ("2026-01-01T00:00:00+99:00", "there is no such date or time"),
        ("0000-01-01T00:00:00Z", "there is no such date or time"),
        ("1969-12-31T23:59:59Z", "expected a time from 1970 to 2199"),
        ("0001-01-01T00:00:00Z", "expected a time from 1970 to 2199"),
        ("2200-01-01T00:00:00Z", "expected a time from 1970 to 2199"),
        ("2026-01-01T00:00:00 01:00", r"write \+ as %2B in a URL"),
    ],
)
def test_a_refusal_says_why(text, reason):
    with pytest.raises(InvalidQuery, match=reason):
        parse_time("to", text)


def test_times_are_written_in_utc_with_nanoseconds():
    assert format_time(1795419541000000007) == "2026-11-23T07:39:01.000000007Z"
