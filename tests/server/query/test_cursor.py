from __future__ import annotations

import base64

import pytest
from axonize_server.model import InvalidQuery
from axonize_server.query.cursor import TRACE_ID, Place, decode, encode

ID = "5b8aa5a2d2c872e8321cf37308d69df2"


@pytest.mark.parametrize("value", [0, -1, 2**63 - 1, -(2**63)])
def test_a_place_comes_back(value):
    place = Place("-duration", value, ID)
    assert decode(encode(place), "-duration", TRACE_ID) == place


def packed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "????",
        "é",
        packed("not json"),
        packed("[]"),
        packed('["-duration"]'),
        packed(f'["-duration", "1", "{ID}"]'),
        packed(f'["-duration", 1.5, "{ID}"]'),
        packed(f'["-duration", {2**63}, "{ID}"]'),
        packed(f'["-duration", {10**30}, "{ID}"]'),
        packed('["-duration", 1, "short"]'),
        packed(f'["-duration", 1, "{ID}\\n"]'),
    ],
)
def test_anything_else_is_an_invalid_query(cursor):
    with pytest.raises(InvalidQuery, match="cursor: expected the next_cursor of an earlier answer"):
        decode(cursor, "-duration", TRACE_ID)


def test_a_cursor_belongs_to_its_sort():
    with pytest.raises(InvalidQuery, match="cursor: was made with another sort than duration"):
        decode(encode(Place("-duration", 1, ID)), "duration", TRACE_ID)
