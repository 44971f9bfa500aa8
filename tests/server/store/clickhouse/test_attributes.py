from __future__ import annotations

import pytest
from axonize_server.store.clickhouse.attributes import decode


@pytest.mark.parametrize(
    ("letter", "text", "value"),
    [
        ("s", "17", "17"),
        ("i", "9223372036854775807", 9223372036854775807),
        ("i", "-9223372036854775808", -9223372036854775808),
        ("d", "0.1", 0.1),
        ("d", "nan", "NaN"),
        ("d", "inf", "Infinity"),
        ("d", "-inf", "-Infinity"),
        ("b", "true", True),
        ("b", "false", False),
        ("x", "00ff", {"bytes": "AP8="}),
        ("a", '["a", 1, null, {"b": NaN}]', ["a", 1, None, {"b": "NaN"}]),
        ("m", '{"a": {"b": [1.5]}}', {"a": {"b": [1.5]}}),
        ("n", "", None),
    ],
)
def test_every_type_comes_back_as_it_was_sent(letter, text, value):
    decoded = decode(["key"], [text], letter)["key"]
    assert (decoded, type(decoded)) == (value, type(value))


def test_the_first_of_equal_keys_counts():
    assert decode(["a", "a", "b"], ["1", "2", "3"], "iii") == {"a": 1, "b": 3}


@pytest.mark.parametrize(("text", "types"), [("x", "i"), ("{", "m"), ("zz", "x"), ("y", "?")])
def test_what_cannot_be_read_stays_text(text, types):
    assert decode(["key"], [text], types) == {"key": text}


def test_an_entry_without_a_type_is_text():
    assert decode(["a", "b"], ["1", "2"], "i") == {"a": 1, "b": "2"}
