"""Cursors: the place where a page ended, as text that callers pass back unread."""

from __future__ import annotations

import base64
import binascii
import re

import msgspec

from axonize_server.model import InvalidQuery

TRACE_ID = re.compile(r"^[0-9a-f]{32}$")
SPAN_ID = re.compile(r"^[0-9a-f]{16}$")


class Place(msgspec.Struct, frozen=True, array_like=True):
    """The order of a list, the sort value of its last item (an int64) and that item's id."""

    order: str
    value: int
    id: str


def encode(place: Place) -> str:
    """Write a place as text that is safe in a URL."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def decode(cursor: str, order: str, id_form: re.Pattern[str]) -> Place:
    """Read a cursor that was made for `order`; raises InvalidQuery for any other text."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        content = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
        place = msgspec.json.decode(content, type=Place)
    except (UnicodeEncodeError, binascii.Error, msgspec.MsgspecError):
        raise InvalidQuery("cursor: expected the next_cursor of an earlier answer") from None
    if place.order != order:
        raise InvalidQuery(f"cursor: was made with another sort than {order}")
    if not id_form.fullmatch(place.id) or not -(2**63) <= place.value < 2**63:
        raise InvalidQuery("cursor: expected the next_cursor of an earlier answer")
    return place
