from __future__ import annotations

import math

import pytest
from axonize_server.model import InvalidQuery, TraceSearch
from axonize_server.query import differences as module
from axonize_server.query.differences import differences, score, wilson
from axonize_server.requests import Box, Differences

from tests.server.rows import MINUTE_NS, NOW_NS, on_gpu, row, table

START_NS = NOW_NS - 10 * MINUTE_NS
SEARCH = TraceSearch(from_ns=START_NS, to_ns=NOW_NS)
SLOW = Box(START_NS, NOW_NS, 1_000_000_000, 2**62)


@pytest.fixture
def writer(either_writer):
    """Every answer is the same before and after the roll-up."""
    return either_writer


def attributes(**values: object) -> dict[str, object]:
    """Return the columns of attributes; `__` is a dot."""
    letters = {str: "s", int: "i", float: "d"}
    return {
        "attributes": [(key.replace("__", "."), str(value)) for key, value in values.items()],
        "attribute_types": "".join(letters[type(value)] for value in values.values()),
    }


def request(number: int, *, slow: bool) -> list[dict]:
    """Return the spans of a request: slow ones ran on GPU-9 in large batches, uncached."""
    start_ms = -590_000 + number * 2_000.0
    return [
        row(
            number + 1, 1, start_ms=start_ms, ms=1_500 if slow else 100,
            **attributes(app__tier=("free", "pro")[number % 2], app__id=f"r{number}"),
        ),
        row(
            number + 1, 2, 1, start_ms=start_ms + 1, ms=50, service_name="engine", model="llama",
            status="error" if slow and number % 4 == 0 else "unset", input_tokens=900,
            cached_tokens=0 if slow else 512,
            **on_gpu("GPU-9" if slow else "GPU-1"),
            **attributes(axonize__batch_size=64 if slow else 3, app__share=0.3),
        ),
    ]  # fmt: skip


def told(found: Differences) -> dict[str, tuple[int, int]]:
    """Return each difference by its text, with how many inside and outside have it."""
    return {
        f"{each.of.name}={each.of.value or f'{each.of.low:g}..{each.of.high:g}'}": (
            each.of.inside,
            each.of.outside,
        )
        for each in found.items
    }


def test_what_the_slow_ones_have_is_told_and_nothing_else(writer, reader, tenant):
    spans = [each for n in range(240) for each in request(n, slow=n % 3 == 0)]
    writer.insert(table(tenant, spans))
    writer.insert(table(tenant, spans[:99]))  # some came twice
    found = differences(reader.requests, tenant, SEARCH, SLOW)
    assert (found.inside, found.outside) == (80, 160)
    assert (found.sampled_inside, found.sampled_outside) == (80, 160)
    assert told(found) == {
        "gpu=GPU-9": (80, 0),
        "gpu=GPU-1": (0, 160),
        "axonize.batch_size=64..128": (80, 0),
        "axonize.batch_size=3": (0, 160),
        "prefix cache=miss": (80, 0),
        "prefix cache=hit": (0, 160),
        "status=error": (20, 0),
    }
    assert found.items[-1].of.name == "status"
    assert found.items[-1].share_inside == 0.25
    assert 0 < found.items[-1].score < 0.25 < found.items[0].score < 1


def test_a_box_is_bounded_in_time_and_the_filters_hold_on_both_sides(writer, reader, tenant):
    spans = [each for n in range(240) for each in request(n, slow=n % 3 == 0)]
    writer.insert(table(tenant, spans))
    box = Box(START_NS, START_NS + MINUTE_NS, 0, 1_000_000_000)
    engine = TraceSearch(from_ns=START_NS, to_ns=NOW_NS, service="engine", status="ok")
    found = differences(reader.requests, tenant, engine, box)
    # 25 of them start in that minute, of which 9 are slow.
    assert (found.inside, found.outside) == (16, 160 - 16 + 60)
    nothing = differences(reader.requests, f"not {tenant}", engine, box)
    assert nothing == Differences(0, 0, 0, 0, [])


def test_many_traces_are_sampled_all_over_the_range(writer, reader, tenant, monkeypatch):
    spans = [each for n in range(240) for each in request(n, slow=n % 3 == 0)]
    writer.insert(table(tenant, spans))
    monkeypatch.setattr("axonize_server.store.clickhouse.requests.sql.PER_STRETCH", 2)
    found = differences(reader.requests, tenant, SEARCH, SLOW)
    assert (found.inside, found.outside) == (80, 160)
    # All but the last two of the 23 stretches have slow ones: 240 requests take eight minutes.
    assert 30 < found.sampled_inside <= 46
    assert 30 < found.sampled_outside <= 46
    assert told(found)["gpu=GPU-9"] == (found.sampled_inside, 0)


@pytest.mark.parametrize(
    ("search", "box", "message"),
    [
        (TraceSearch(from_ns=1, to_ns=1), SLOW, "from: expected"),
        (SEARCH, Box(5, 5, 0, 9), "box_from: expected"),
        (SEARCH, Box(5, 6, 9, 9), "box_min_ms: expected less"),
    ],
)
def test_what_has_nothing_in_it_is_refused(reader, tenant, search, box, message):
    with pytest.raises(InvalidQuery, match=message):
        differences(reader.requests, tenant, search, box)


def test_wilsons_interval_is_the_published_one(monkeypatch):
    monkeypatch.setattr(module, "Z", 1.959964)
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)


def test_newcombes_interval_is_the_published_one(monkeypatch):
    # Table II of the paper: 56/70 - 48/80 is 0.0524 to 0.3339 by method 10.
    monkeypatch.setattr(module, "Z", 1.959964)
    assert score(56, 70, 48, 80) == pytest.approx(0.0524, abs=1e-4)
    assert score(48, 80, 56, 70) == score(56, 70, 48, 80)
    assert score(9, 10, 3, 10) == pytest.approx(0.1705, abs=1e-4)


def test_what_may_be_chance_scores_nothing():
    assert score(3, 3, 50, 100) == 0
    assert score(50, 100, 50, 100) == 0
    assert score(300, 300, 50, 100) > 0.3


def test_stretches_are_joined_over_the_narrowest_gaps():
    stretches = [(0, 1), (2, 3), (9, 10), (11, 12), (30, 31)]
    assert module._joined(stretches, 3) == [(0, 3), (9, 12), (30, 31)]
    assert module._joined(stretches, 5) == stretches
    assert not math.isnan(module.Z)
