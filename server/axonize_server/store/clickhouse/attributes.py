"""Attribute maps back to the values that were sent: text and a type letter to a JSON value."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Sequence

from axonize_server.model import AttributeValue


def _double(text: str) -> AttributeValue:
    number = float(text)
    if math.isnan(number):
        return "NaN"  # JSON has no number for these three
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number


def _bytes(text: str) -> AttributeValue:
    return {"bytes": base64.b64encode(bytes.fromhex(text)).decode()}


def _json(text: str) -> AttributeValue:
    value: AttributeValue = json.loads(text, parse_constant=str)
    return value


DECODERS: dict[str, Callable[[str], AttributeValue]] = {
    "s": str,
    "i": int,
    "d": _double,
    "b": lambda text: text == "true",
    "x": _bytes,
    "a": _json,
    "m": _json,
    "n": lambda _: None,
}


def decode(keys: Sequence[str], texts: Sequence[str], types: str) -> dict[str, AttributeValue]:
    """Return the attributes by key; the first of equal keys counts, an unreadable value is text."""
    attributes: dict[str, AttributeValue] = {}
    for position, (key, text) in enumerate(zip(keys, texts, strict=True)):
        letter = types[position] if position < len(types) else "s"
        attributes.setdefault(key, _decode_one(letter, text))
    return attributes


def _decode_one(letter: str, text: str) -> AttributeValue:
    try:
        return DECODERS[letter](text)
    except (KeyError, ValueError):
        return text
