"""Each name that a promoted attribute is sent by reaches its column."""

from __future__ import annotations

import pytest
from axonize_server.ingest.promoted import FLAG, GPU_FIELDS, RESOURCE_COLUMNS, SPAN_COLUMNS, TEXT

from tests.server.ingest.otlp import body, span


@pytest.fixture
def row(decode):
    def row(attributes, resource=None):
        spans = decode(("t", body(span(1, attributes), resource=resource))).spans
        return spans.drop(["start_time", "end_time"]).to_pylist()[0]

    return row


@pytest.mark.parametrize(
    ("column", "key"),
    [(column, key) for column in SPAN_COLUMNS if column.type != FLAG for key in column.keys],
    ids=lambda value: value.name,
)
def test_every_key_fills_its_column(row, column, key):
    value = "text" if column.type == TEXT else 2

    stored = row({"other": 1, key.name: value})

    assert stored[column.name] == ("text" if column.type == TEXT else 2 * key.scale)
    assert stored["attributes"] == [("other", "1"), (key.name, str(value))]


@pytest.mark.parametrize(
    ("column", "key"),
    [(column, key) for column in RESOURCE_COLUMNS for key in column.keys],
    ids=lambda value: value.name,
)
def test_every_resource_key_fills_its_column(row, column, key):
    stored = row({}, {key.name: "text"})

    assert stored[column.name] == "text"
    assert stored["resource_attributes"] == [(key.name, "text")]


@pytest.mark.parametrize(
    ("value", "stored"),
    [(True, True), (False, False), ("true", False), (1, False), (1.0, False), ([True], False)],
)
def test_a_flag_is_a_boolean_that_is_true(row, value, stored):
    assert row({"other": True, "axonize.setup": value})["setup"] is stored


def test_a_current_name_wins_over_a_deprecated_one(row):
    stored = row(
        {
            "gen_ai.usage.prompt_tokens": 1,
            "gen_ai.usage.input_tokens": 2,
            "gen_ai.provider.name": "current",
            "gen_ai.system": "old",
            "axonize.ttft_ms": 5.0,
            "gen_ai.latency.time_to_first_token": 9.0,
        }
    )

    assert (stored["input_tokens"], stored["provider"], stored["ttft_ms"]) == (2, "current", 5.0)


@pytest.mark.parametrize("value", [-1, 2**32, 1.5, "many", float("nan"), True, [1], None])
def test_a_value_that_a_column_cannot_hold_stays_an_attribute(row, value):
    stored = row({"gen_ai.usage.input_tokens": value})

    assert stored["input_tokens"] == 0
    assert [key for key, _ in stored["attributes"]] == ["gen_ai.usage.input_tokens"]


def test_values_convert_where_the_meaning_is_clear(row):
    stored = row(
        {
            "gen_ai.request.model": 4,
            "http.response.status_code": "200",
            "gen_ai.usage.output_tokens": 7.0,
            "cost.usd": "0.25",
        }
    )

    columns = ("model", "http_status", "output_tokens", "cost_usd")
    assert [stored[name] for name in columns] == ["4", 200, 7, 0.25]


def test_gpus_become_lists_by_their_number(row):
    attributes = {f"gpu.{gpu}.{field}": f"{field}{gpu}" for field in GPU_FIELDS for gpu in (0, 2)}

    stored = row(attributes)

    assert {field: stored[f"gpu.{field}"] for field in GPU_FIELDS} == {
        field: [f"{field}0", "", f"{field}2"] for field in GPU_FIELDS
    }


def test_keys_that_only_look_like_gpus_are_plain_attributes(row):
    stored = row(
        {"gpu.64.model": "a", "gpu.x.model": "b", "gpu.0.unknown": "c", "gpu.٣.model": "d"}
    )

    assert stored["gpu.model"] == []
    assert len(stored["attributes"]) == 4
