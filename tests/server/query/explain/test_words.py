from __future__ import annotations

import pytest
from axonize_server.query.explain import words
from axonize_server.query.explain.records import NOTHING, Fact, MateEvidence, Part
from msgspec.structs import replace

MS = 1_000_000
MATE = MateEvidence("cmpl-1", "5b8aa5a2d2c872e8321cf37308d69df2", "aa", 5 * MS, 1900, 1900)


def part(kind, cause, ms, *, name="", **evidence):
    return Part(
        kind=kind, cause=cause, name=name, service_name="api", text="", duration_ns=ms * MS,
        start_offset_ns=0, end_offset_ns=ms * MS, evidence=replace(NOTHING, **evidence),
    )  # fmt: skip


def say(*parts, facts=()):
    total = sum(each.duration_ns for each in parts)
    return words.verdict(total, parts, facts)


def test_the_largest_cause_is_said_and_a_second_when_it_took_a_fifth():
    prompt = part("prefill", "prompt", 200, counters={"input_tokens": 1200})
    output = part("decode", "output", 700, counters={"output_tokens": 629})
    rest = part("preprocess", "preprocess", 20)
    assert say(output, prompt, rest) == (
        "Decoded 629 tokens for 700 ms. Read 1,200 prompt tokens for 200 ms.",
        ["output", "prompt", "preprocess"],
    )
    assert say(output, rest)[0] == "Decoded 629 tokens for 700 ms."


def test_parts_of_one_cause_are_one_wait():
    behind = {"mates": [MATE], "mate_count": 1, "counters": {"others_prefill_tokens": 1900}}
    queue = part("queue_prefill", "prefill_of_others", 800, **behind)
    wait = part("wait_prefill", "prefill_of_others", 12, **behind)
    decode = part("decode", "output", 811)
    verdict, causes = say(decode, queue, wait)
    assert causes == ["prefill_of_others", "output"]
    assert verdict == (
        "Queued 812 ms behind the prefill of trace 5b8aa5a2, 1,900 tokens. Decode: 811 ms."
    )


def test_a_preemption_says_how_often_and_what_it_cost_again():
    paused = part("preempted", "preemption", 300, counters={"preemptions": 2.0})
    again = part("recompute", "preemption", 60)
    assert say(paused, again)[0] == (
        "Preempted: 360 ms, 2 times, 60.0 ms of it to compute tokens again."
    )


def test_an_end_that_was_no_success_comes_first():
    error = Fact(
        kind="error", text="Failed after 1.00 s with ValueError", duration_ns=1, evidence=NOTHING
    )
    slow = Fact(kind="gpu_throttled", text="GPU x throttled", duration_ns=1, evidence=NOTHING)
    own = part("own_time", "own_time", 30, name="work")
    assert say(own, facts=[error, slow]) == (
        "Failed after 1.00 s with ValueError. 30.0 ms of own time in work. GPU x throttled.",
        ["error", "own_time"],
    )


def test_own_time_of_different_spans_is_not_one_cause():
    own = [part("own_time", "own_time", 40, name=f"step {n}") for n in range(5)]
    prompt = part("prefill", "prompt", 90)
    assert say(*own, prompt) == (
        "Prefill: 90.0 ms.",
        ["prompt", "own_time"],
    )


def test_nothing_took_no_time():
    assert words.verdict(0, [], []) == ("", [])


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0, "0 ns"), (999, "999 ns"), (12_500, "12.5 µs"), (999_800, "1.00 ms"), (8.1e8, "810 ms")],
)
def test_durations_have_three_digits(ns, text):
    assert words.duration(ns) == text


@pytest.mark.parametrize(
    ("kind", "evidence", "text"),
    [
        ("queue_decode", {}, "Queued while others ran"),
        ("decode", {"counters": {"output_tokens": 1}}, "Decoded: 1 token"),
        ("prefill", {}, "Prompt read"),
        (
            "decode_shared",
            {"mates": [MATE, MATE], "mate_count": 2, "counters": {"others_prefill_tokens": 9}},
            "Decoded in steps that also read the prompt of 2 requests, 9 tokens",
        ),
        ("own_time", {}, "Own time of chat"),
    ],
)
def test_a_part_is_a_sentence(kind, evidence, text):
    assert words.describe(kind, "chat", replace(NOTHING, **evidence)) == text
