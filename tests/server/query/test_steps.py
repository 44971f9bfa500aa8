from __future__ import annotations

import itertools
import random

import pytest
from axonize_server.model import InvalidQuery, NotFound
from axonize_server.query import steps
from axonize_server.steps import Engine, StepRequest, StepSearch

from tests.server.rows import MINUTE_NS, NOW_NS, row, table, trace_id
from tests.server.steps import Rider, decoded, step, steps_body

HOUR_MS = 3_600_000
WEEK = {"from_ns": NOW_NS - 7 * 24 * 60 * MINUTE_NS, "to_ns": NOW_NS + MINUTE_NS}
MINE = Rider("mine", trace=1, span=11)
MATE = Rider("mate", trace=2, span=22)
UNKNOWN = Rider("unknown")


def put(writer, tenant, *sent):
    writer.insert(*decoded(tenant, steps_body(*sent)))


def pages(reader, tenant, wanted):
    cursor = None
    while True:
        found, cursor = steps.search(reader, tenant, wanted, cursor)
        yield [(each.engine.engine_id, each.number) for each in found]
        if cursor is None:
            return


def trace_pages(reader, tenant, limit):
    cursor = None
    while True:
        found, cursor = steps.trace_steps(reader, tenant, trace_id(1), limit, cursor)
        yield [(found.engines[each.engine].engine_id, each.number) for each in found.steps]
        if cursor is None:
            return


def test_pages_hold_every_step_once_newest_first(writer, step_reader, tenant):
    # Many share their start, so that engine and number decide; others lie days apart.
    start_ms = {n: -(n % 4) * (n % 3) * 20 * HOUR_MS for n in range(1, 31)}
    keys = [(start_ms[n], f"engine {n % 2}", n) for n in start_ms]
    sent = [step(n, [MINE], start_ms=start, engine=engine) for start, engine, n in keys]
    random.Random(1).shuffle(sent)
    put(writer, tenant, *sent[:20])
    put(writer, tenant, *sent[15:])  # five of them came twice
    expected = [key[1:] for key in sorted(keys, reverse=True)]
    found = list(pages(step_reader, tenant, StepSearch(**WEEK, limit=7)))
    assert [len(page) for page in found] == [7, 7, 7, 7, 2]
    assert list(itertools.chain(*found)) == expected
    of_one = StepSearch(**WEEK, engine_id="engine 1", limit=15)
    assert list(pages(step_reader, tenant, of_one)) == [[e for e in expected if e[0][-1] == "1"]]


def test_a_step_belongs_to_the_range_that_it_starts_in(writer, step_reader, tenant):
    put(writer, tenant, *(step(n, [], start_ms=n) for n in range(1, 5)))
    wanted = StepSearch(from_ns=NOW_NS + 2_000_000, to_ns=NOW_NS + 4_000_000)
    assert list(pages(step_reader, tenant, wanted)) == [[("engine-a-0", 3), ("engine-a-0", 2)]]


def test_a_range_must_have_time_in_it(step_reader, tenant):
    with pytest.raises(InvalidQuery, match="from: expected a time before `to`"):
        steps.search(step_reader, tenant, StepSearch(from_ns=1, to_ns=1), None)
    with pytest.raises(InvalidQuery, match="from: expected a time before `to`"):
        steps.engines(step_reader, tenant, 1, 1)


@pytest.mark.parametrize("cursor", ["x", "WyItc3RlcHMiLDEsIm5vIG51bWJlciJd"])
def test_a_cursor_of_another_list_is_an_invalid_query(writer, step_reader, tenant, cursor):
    put(writer, tenant, step(1, [MINE]), step(2, [MINE]))
    with pytest.raises(InvalidQuery, match="cursor"):
        steps.search(step_reader, tenant, StepSearch(**WEEK), cursor)
    _, cursor = steps.search(step_reader, tenant, StepSearch(**WEEK, limit=1), None)
    with pytest.raises(InvalidQuery, match="cursor: was made with another sort than steps"):
        steps.trace_steps(step_reader, tenant, trace_id(1), 1, cursor)


def test_engines_count_their_steps_once(writer, step_reader, tenant):
    put(writer, tenant, step(5, [], start_ms=1), step(6, [], start_ms=2, ms=3))
    put(writer, tenant, step(6, [], start_ms=2, ms=3), step(1, [], engine="engine-b-0"))
    found = steps.engines(step_reader, tenant, NOW_NS, NOW_NS + MINUTE_NS)
    assert [(each.engine_id, each.step_count) for each in found] == [
        ("engine-a-0", 2), ("engine-b-0", 1),
    ]  # fmt: skip
    assert (found[0].first_ns, found[0].last_ns) == (NOW_NS + 1_000_000, NOW_NS + 5_000_000)
    assert found[0].name == "vllm"


def test_the_steps_of_a_trace_and_the_mates_of_its_requests(writer, step_reader, tenant):
    prefilling = MINE._replace(scheduled=6, prefill=6)
    put(
        writer, tenant,
        step(1, [UNKNOWN, MATE], start_ms=1),  # without the trace
        step(2, [MATE, prefilling], start_ms=2, ms=2),
        step(
            3, [MINE, MATE, UNKNOWN], start_ms=5,
            draft_tokens=[3, 1, 0], accepted_tokens=[2, 0, 0],
        ),
    )  # fmt: skip
    writer.insert(table(tenant, [row(1, 1, start_ms=-2), row(1, 2, 1)]))

    found, cursor = steps.trace_steps(step_reader, tenant, trace_id(1), 10, None)

    assert cursor is None
    assert found.start_ns == NOW_NS - 2_000_000
    assert found.engines == [
        Engine("engine-a-0", "vllm", "0.32.0", "llama", "engine", "node-1", 1)
    ]  # fmt: skip
    assert found.requests == [
        StepRequest("mate", MATE.trace_id, MATE.span_id, own=False),
        StepRequest("mine", MINE.trace_id, MINE.span_id, own=True),
        StepRequest("unknown", None, None, own=False),
    ]  # fmt: skip
    first, second = found.steps
    assert (first.number, first.start_ns, first.end_ns) == (
        2,
        NOW_NS + 2 * 10**6,
        NOW_NS + 4 * 10**6,
    )
    assert (first.requests, first.scheduled_tokens, first.prefill_tokens) == (
        [0, 1],
        [1, 6],
        [0, 6],
    )
    assert (first.own_scheduled_tokens, first.own_prefill_tokens) == (6, 6)
    assert first.prefill_share == 6 / 7
    assert (second.requests, second.scheduled_tokens, second.prefill_tokens) == (
        [1, 0, 2], [1, 1, 1], [],
    )  # fmt: skip
    assert (second.own_draft_tokens, second.own_accepted_tokens) == (3, 2)
    assert (second.own_scheduled_tokens, second.prefill_share) == (1, 0.0)


def test_a_step_that_a_request_was_preempted_for_is_one_of_its_trace(writer, step_reader, tenant):
    put(
        writer, tenant,
        step(1, [MINE, MATE], start_ms=1),
        step(2, [MATE], start_ms=2, preempted_ids=["mine"]),
        step(3, [MATE], start_ms=3),
        step(4, [MINE, MATE], start_ms=4),
        step(5, [MATE], start_ms=5, preempted_ids=["mine"]),  # of another trace with that id
        step(2, [MATE], start_ms=2, preempted_ids=["mine"], engine="engine-b-0"),
    )  # fmt: skip

    found, _ = steps.trace_steps(step_reader, tenant, trace_id(1), 10, None)

    assert [(each.number, each.preempted, each.own_scheduled_tokens) for each in found.steps] == [
        (1, [], 1), (2, [0], 0), (4, [], 1),
    ]  # fmt: skip
    assert found.requests[0].request_id == "mine"


def test_the_request_that_was_preempted_is_named(writer, step_reader, tenant):
    other = Rider("other", trace=1, span=12)
    twin = other._replace(span=13)  # the same id in another engine is another request
    put(
        writer, tenant,
        step(1, [MINE, other], start_ms=1),
        step(2, [MINE], start_ms=2, preempted_ids=["other"]),
        step(3, [], start_ms=3, preempted_ids=["mine", "stranger"]),
        step(4, [MINE, other], start_ms=4),
        step(1, [twin], start_ms=1, engine="engine-b-0"),
        step(2, [], start_ms=2, preempted_ids=["mine", "other"], engine="engine-b-0"),
    )  # fmt: skip

    # A page that begins with a preemption has the request in its table all the same.
    named, cursor = [], None
    while cursor or not named:
        found, cursor = steps.trace_steps(step_reader, tenant, trace_id(1), 1, cursor)
        (only,) = found.steps
        engine = found.engines[only.engine].engine_id
        preempted = [found.requests[at] for at in only.preempted]
        named.append((engine, only.number, [(each.span_id, each.own) for each in preempted]))

    assert named == [
        ("engine-a-0", 1, []),
        ("engine-b-0", 1, []),
        ("engine-a-0", 2, [(other.span_id, True)]),
        ("engine-b-0", 2, [(twin.span_id, True)]),
        ("engine-a-0", 3, [(MINE.span_id, True)]),
        ("engine-a-0", 4, []),
    ]


def test_two_requests_of_a_trace_ride_in_two_engines(writer, step_reader, tenant):
    other = MINE._replace(span=12)  # an id says little: each engine counts for itself
    put(
        writer, tenant,
        step(1, [MINE], start_ms=1),
        step(1, [other, MATE], start_ms=1, engine="engine-b-0"),
    )  # fmt: skip
    found, _ = steps.trace_steps(step_reader, tenant, trace_id(1), 10, None)
    assert [each.engine_id for each in found.engines] == ["engine-a-0", "engine-b-0"]
    assert [each.requests for each in found.steps] == [[0], [1, 2]]
    assert [each.span_id for each in found.requests] == [
        MINE.span_id, other.span_id, MATE.span_id,
    ]  # fmt: skip


def test_ids_that_end_in_zeros_are_ids_like_others(writer, step_reader, tenant):
    """What ends a text of ClickHouse with zeros is padding to some of its functions."""
    mine, mate = MINE._replace(trace=1 << 16, span=1 << 8), MATE._replace(trace=1 << 24)
    put(writer, tenant, step(1, [mine, mate]), step(2, [mine], start_ms=1))
    found, _ = steps.trace_steps(step_reader, tenant, trace_id(1 << 16), 10, None)
    assert [each.number for each in found.steps] == [1, 2]
    assert [each.span_id for each in found.requests if each.own] == [mine.span_id]


def test_steps_of_a_trace_come_in_pages_once(writer, step_reader, tenant):
    sent = [step(n, [MINE], start_ms=n // 3, engine=f"engine {n % 2}") for n in range(1, 12)]
    put(writer, tenant, *sent[:8])
    put(writer, tenant, *sent[5:])
    expected = sorted((n // 3, f"engine {n % 2}", n) for n in range(1, 12))
    found = list(trace_pages(step_reader, tenant, 4))
    assert [len(page) for page in found] == [4, 4, 3]
    assert list(itertools.chain(*found)) == [key[1:] for key in expected]


def test_a_trace_without_steps_has_none_and_one_without_spans_begins_with_its_first_step(
    writer, step_reader, tenant
):
    writer.insert(table(tenant, [row(7, 1)]))
    found, _ = steps.trace_steps(step_reader, tenant, trace_id(7), 10, None)
    assert (found.start_ns, found.steps) == (NOW_NS, [])
    put(writer, tenant, step(1, [MINE], start_ms=3))
    found, _ = steps.trace_steps(step_reader, tenant, trace_id(1), 10, None)
    assert found.start_ns == NOW_NS + 3_000_000


def test_what_is_not_stored_is_not_found(writer, step_reader, tenant):
    put(writer, tenant, step(1, [MINE]))
    for asked in ((tenant, trace_id(2)), ("another-tenant", trace_id(1))):
        with pytest.raises(NotFound, match=asked[1]):
            steps.trace_steps(step_reader, *asked, 10, None)
    assert steps.search(step_reader, "another-tenant", StepSearch(**WEEK), None) == ([], None)
    assert steps.engines(step_reader, "another-tenant", 0, NOW_NS + MINUTE_NS) == []
