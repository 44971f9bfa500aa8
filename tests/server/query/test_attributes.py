from __future__ import annotations

import pytest
from axonize_server.model import AttributeFilter, InvalidQuery
from axonize_server.query.attributes import attribute_filter

WRITTEN = {
    "app.stage": AttributeFilter("app.stage", "exists"),
    "app.stage=decode": AttributeFilter("app.stage", "=", "decode"),
    "app.stage = a=b": AttributeFilter("app.stage", "=", "a=b"),
    "app.stage=": AttributeFilter("app.stage", "=", ""),
    "app.stage!=decode": AttributeFilter("app.stage", "!=", "decode"),
    "tokens=12": AttributeFilter("tokens", "=", "12", 12.0),
    "tokens>1e3": AttributeFilter("tokens", ">", "1e3", 1000.0),
    "share>=.5": AttributeFilter("share", ">=", ".5", 0.5),
    "share < -0.25": AttributeFilter("share", "<", "-0.25", -0.25),
    "share<=1": AttributeFilter("share", "<=", "1", 1.0),
    # As floats these would equal their neighbours.
    "id=9007199254740993": AttributeFilter("id", "=", "9007199254740993"),
    "id>9007199254740993": AttributeFilter("id", ">", "9007199254740993", 9007199254740992.0),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_a_condition_is_read(text):
    assert attribute_filter(text) == WRITTEN[text]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "attribute: expected a key, or key=value, not ''"),
        ("=decode", "attribute: expected a key, or key=value, not '=decode'"),
        ("!stage", "attribute: expected a key, or key=value, not '!stage'"),
        ("tokens>many", "attribute: expected a number after >, not 'many'"),
        ("tokens<nan", "attribute: expected a number after <, not 'nan'"),
    ],
)
def test_what_has_no_meaning_is_refused(text, problem):
    with pytest.raises(InvalidQuery) as refused:
        attribute_filter(text)
    assert str(refused.value) == problem
