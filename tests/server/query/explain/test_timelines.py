from __future__ import annotations

from axonize_server.query.explain.timelines import read_timelines

from tests.server.rows import NOW_NS, span_id, trace_id
from tests.server.steps import Rider, decoded, step, steps_body

MS = 1_000_000
MINE, MATE = Rider("mine", trace=1, span=10), Rider("mate", trace=2, span=20)


def read(reader, tenant, *phases):
    return read_timelines(reader, tenant, trace_id(1), {span_id(10): phases}, {}, NOW_NS)


def test_steps_are_read_where_the_request_waited_and_no_further(step_reader, writer, tenant):
    sent = [
        step(1, [MATE], start_ms=-20, ms=10),  # over before it came
        step(2, [MATE], start_ms=-5, ms=15),  # under way when it came
        step(3, [MATE], start_ms=10, ms=5),
        step(4, [MINE], start_ms=20, ms=10),
        step(5, [MATE], start_ms=30, ms=10),  # in which it was left out
        step(6, [MINE], start_ms=40, ms=10),
        step(7, [MATE], start_ms=50, ms=10),
    ]
    writer.insert(*decoded(tenant, steps_body(*sent)))
    found, cut = read(
        step_reader, tenant, ("wait", 0, 12 * MS), ("queue", 12 * MS, 20 * MS),
        ("decode", 20 * MS, 50 * MS),
    )  # fmt: skip
    line, request_id = found[span_id(10)]
    assert [turn.step.number for turn in line.turns] == [2, 3, 4, 5, 6]
    assert (request_id, cut) == ("mine", False)


def test_without_a_request_or_steps_there_is_nothing_to_read(step_reader, writer, tenant):
    assert read_timelines(step_reader, tenant, trace_id(1), {}, {}, NOW_NS) == ({}, False)
    assert read(step_reader, tenant, ("queue", 0, 5 * MS)) == ({}, False)


def test_more_than_is_read_is_said(step_reader, writer, tenant, monkeypatch):
    monkeypatch.setattr("axonize_server.query.explain.timelines.MOST_STEPS_WAITED_FOR", 2)
    waited = [step(n, [MATE], start_ms=n, ms=1) for n in range(1, 6)]
    writer.insert(*decoded(tenant, steps_body(*waited, step(6, [MINE], start_ms=6))))
    found, cut = read(step_reader, tenant, ("queue", 0, 6 * MS))
    assert cut
    assert [turn.step.number for turn in found[span_id(10)][0].turns] == [4, 5, 6]


def test_between_steps_that_follow_each_other_nothing_is_looked_for(step_reader, writer, tenant):
    sent = [step(n, [MINE], start_ms=10 * n, ms=2) for n in range(1, 60)]
    writer.insert(*decoded(tenant, steps_body(*sent)))
    found, cut = read(step_reader, tenant, ("decode", 10 * MS, 592 * MS))
    assert len(found[span_id(10)][0].turns) == 59
    assert not cut
