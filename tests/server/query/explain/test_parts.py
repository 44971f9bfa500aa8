from __future__ import annotations

from axonize_server.query.explain.parts import Extra, gather
from axonize_server.query.explain.records import (
    MateEvidence,
    SpanEvidence,
    StepEvidence,
    TraceEvidence,
)
from axonize_server.query.explain.timeline import Piece
from msgspec import structs

from tests.server.explaining import node
from tests.server.query.explain.test_timeline import step

SPANS = [
    node(1, 0, 0, 100, name="chat", model="llama", input_tokens=7, output_tokens=12),
    node(2, 1, 0, 50, name="prefill", parent_span_id=f"{1:016x}"),
    node(3, 1, 50, 50, name="decode", parent_span_id=f"{1:016x}"),
]


def test_pieces_of_one_kind_are_one_part_and_the_largest_comes_first():
    one, two = step(4, 0, 20, [("me", 7)]), step(5, 20, 30, [("me", 1), ("you", 90)])
    pieces = [
        Piece("prefill", 1, 0, 20, one, "me"),
        Piece("prefill_shared", 1, 20, 50, two, "me"),
        Piece("decode", 2, 50, 90, None, "me"),
        Piece("prefill", 1, 90, 100, one, "me"),
    ]
    decode, prefill, shared = gather(pieces, SPANS, {})
    assert [each.duration_ns for each in (decode, shared, prefill)] == [40, 30, 30]
    assert (prefill.start_offset_ns, prefill.end_offset_ns) == (0, 100)
    assert decode.evidence.counters == {"output_tokens": 12}
    assert prefill.evidence.spans == [SpanEvidence(f"{2:016x}", 30)]
    assert prefill.evidence.steps == [StepEvidence("e-0", 4, 4, 1, 4, 90, 10)]
    assert shared.evidence.mates == [MateEvidence("you", None, None, 30, 90, 90)]
    assert shared.evidence.counters == {
        "running_max": 2,
        "waiting_max": 0,
        "kv_cache_usage_max": 0.5,
        "own_scheduled_tokens": 1,
        "own_prefill_tokens": 1,
        "others_prefill_tokens": 90,
    }
    assert shared.text.endswith("request you, 90 tokens")


def test_a_prompt_whose_step_ends_in_decode_is_no_token_made():
    read = structs.replace(step(4, 0, 20, [("me", 17)]), scheduled_tokens=[17])
    (part,) = gather([Piece("decode", 2, 15, 20, read, "me")], SPANS, {})
    assert part.evidence.counters["tokens_made"] == 0


def test_tokens_made_are_those_that_speculation_was_right_about():
    drafted = structs.replace(step(4, 0, 20, [("me", 0)]), scheduled_tokens=[4])
    drafted = structs.replace(drafted, draft_tokens=[3], accepted_tokens=[1])
    (part,) = gather([Piece("decode", 2, 0, 20, drafted, "me")], SPANS, {})
    assert part.evidence.counters["tokens_made"] == 2
    assert part.text == "Decoded: 2 tokens"


def test_own_time_is_by_name_and_service():
    pieces = [Piece("own_time", at, at, at + 1) for at in range(3)]
    parts = gather(pieces, SPANS, {})
    assert [(each.name, each.service_name) for each in parts] == [
        ("chat", "api"),
        ("prefill", "api"),
        ("decode", "api"),
    ]


def test_names_that_differ_by_numbers_are_one_part_and_rare_ones_are_together():
    spans = [node(1, 0, 0, 100), *(node(n + 2, 1, n, 1, name=f"step {n}.7") for n in range(9))]
    spans += [node(n + 20, 1, n, 1, name=f"{chr(97 + n)}") for n in range(25)]
    pieces = [Piece("own_time", at, at, at + 2 + (at < 10)) for at in range(1, 35)]
    steps, rest, *others = gather(pieces, spans, {})
    assert (steps.name, steps.duration_ns, steps.evidence.span_count) == ("step *.*", 27, 9)
    assert len(others) == 19
    assert (others[0].name, others[-1].name) == ("a", "s")
    assert (rest.name, rest.duration_ns) == ("other spans", 12)


def test_ten_mates_are_named_and_all_are_counted():
    riders = [("me", 0), *((f"mate {number}", 2) for number in range(30))]
    (part,) = gather([Piece("decode_shared", 2, 0, 9, step(1, 0, 9, riders), "me")], SPANS, {})
    assert (len(part.evidence.mates), part.evidence.mate_count) == (10, 30)
    assert part.evidence.counters["others_prefill_tokens"] == 60


def test_what_else_is_known_is_evidence_too():
    extra = Extra([TraceEvidence("a", "b")], {"cold_start_ms": 5.0})
    (part,) = gather([Piece("cold_start", 0, 0, 9)], SPANS, {"cold_start": extra})
    assert part.evidence.traces == [TraceEvidence("a", "b")]
    assert part.evidence.counters == {"cold_start_ms": 5.0}
