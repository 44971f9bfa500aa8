"""Reads how a caller writes a condition on an attribute: `key`, `key=value`, `key>number` ..."""

from __future__ import annotations

import re
from typing import cast

from axonize_server.model import AttributeFilter, InvalidQuery, Operator

_WRITTEN = re.compile(r"(?P<key>[^=!<>]+)(?:(?P<operator>!=|>=|<=|=|>|<)(?P<value>.*))?", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
# From here on, neighbouring integers are one float.
_EXACT = 2.0**53


def attribute_filter(text: str) -> AttributeFilter:
    """Return the condition that a text such as "app.user.tier!=free" writes; raises InvalidQuery.

    Numbers are compared as numbers, so "5" equals 5.0; what is no number is compared as text.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise InvalidQuery(f"attribute: expected a key, or key=value, not {text!r}")
    operator = cast("Operator", match["operator"] or "exists")
    value = (match["value"] or "").strip()
    number = float(value) if _NUMBER.fullmatch(value) else None
    if number is None and operator in (">", ">=", "<", "<="):
        raise InvalidQuery(f"attribute: expected a number after {operator}, not {value!r}")
    if operator in ("=", "!=") and number is not None and abs(number) >= _EXACT:
        number = None
    return AttributeFilter(match["key"].strip(), operator, value, number)
