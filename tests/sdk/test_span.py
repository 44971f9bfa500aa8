from __future__ import annotations

import asyncio
import contextvars
import gc
import json
import os
import subprocess
import sys
import threading
import time
import tracemalloc
import weakref
from collections.abc import Iterator
from enum import Enum, IntEnum
from types import SimpleNamespace
from typing import Any

import pytest

from axonize import guard
from axonize.span import ROOT, SpanContext, current_span

READ = (
    "name",
    "trace_id",
    "span_id",
    "parent_span_id",
    "trace_flags",
    "trace_state",
    "kind",
    "start_ns",
    "end_ns",
    "ended",
    "status",
    "status_message",
    "attributes",
    "events",
    "links",
    "dropped_attributes_count",
    "dropped_events_count",
    "dropped_links_count",
)


@pytest.fixture
def buffer(core: Any) -> Any:
    """Spans come here, with counted times and ids."""
    times, ids = iter(range(1_001, 100_000)), iter(range(1, 100_000))
    core.set_test_source(times.__next__, ids.__next__)
    ring = core.RingBuffer(1_000)
    core.configure(ring)
    return ring


def described(span: Any) -> dict[str, Any]:
    return {name: getattr(span, name) for name in READ}


def test_a_whole_span(core: Any, buffer: Any) -> None:
    link = SpanContext("ab" * 16, "cd" * 8, 0, "v=1")
    with core.Span("chat", {"gen_ai.request.model": "llama"}, kind="client") as span:
        span.set_attribute("a", 1)
        span.set_attributes({"b": [1, "x"], "c": {"d": 1.5}})
        span.add_event("first token", {"n": 1}, time_ns=7)
        span.add_event("last token")
        span.add_link(link, {"why": "retry"})
        span.set_status("error", "too slow")
        span.set_gpus(["cuda:0", "cuda:1"])
        span.name = "chat llama"
    assert buffer.drain(10) == [span]
    assert described(span) == {
        "name": "chat llama",
        "trace_id": f"{1:032x}",
        "span_id": f"{2:016x}",
        "parent_span_id": "",
        "trace_flags": 1,
        "trace_state": "",
        "kind": "client",
        "start_ns": 1001,
        "end_ns": 1003,
        "ended": True,
        "status": "error",
        "status_message": "too slow",
        "attributes": {
            "gen_ai.request.model": "llama",
            "a": 1,
            "b": (1, "x"),
            "c": {"d": 1.5},
            "gpu.0.label": "cuda:0",
            "gpu.1.label": "cuda:1",
        },
        "events": [("first token", 7, {"n": 1}), ("last token", 1002, {})],
        "links": [(link, {"why": "retry"})],
        "dropped_attributes_count": 0,
        "dropped_events_count": 0,
        "dropped_links_count": 0,
    }
    assert repr(span) == f"<Span 'chat llama' trace_id={1:032x} span_id={2:016x}>"


def test_nothing_changes_after_the_end(core: Any, buffer: Any) -> None:
    span = core.Span("x", {"a": 1})
    span.end()
    before = described(span)
    span.set_attribute("a", 2)
    span.set_attributes({"b": 2})
    span.set_gpus(["cuda:0"])
    span.add_event("late")
    span.add_link(ROOT)
    span.set_status("error", "late")
    span.record_exception(ValueError("late"))
    span.name = "late"
    span.end()
    with span:
        assert current_span.get() is None
    assert described(span) == before
    assert buffer.drain(10) == [span]


# --- parents ---


def test_the_block_makes_the_span_current(core: Any, buffer: Any) -> None:
    with core.Span("outer") as outer:
        assert current_span.get() is outer
        with core.Span("inner") as inner:
            assert (inner.trace_id, inner.parent_span_id) == (outer.trace_id, outer.span_id)
        with core.Span("apart", parent=ROOT) as apart:
            assert (apart.trace_id == outer.trace_id, apart.parent_span_id) == (False, "")
        started = core.Span("started only")
        assert (started.parent_span_id, current_span.get()) == (outer.span_id, outer)
    assert current_span.get() is None
    assert buffer.drain(10) == [inner, apart, outer]


def test_a_parent_may_be_given(core: Any, buffer: Any) -> None:
    remote = SpanContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1, "v=1")
    server = core.Span("server", parent=remote)
    child = core.Span("child", parent=server)
    assert [(s.trace_id, s.parent_span_id, s.trace_state) for s in (server, child)] == [
        (remote.trace_id, remote.span_id, "v=1"),
        (remote.trace_id, server.span_id, "v=1"),
    ]


def test_the_parent_may_be_a_span_of_another_kind(core: Any) -> None:
    other = SimpleNamespace(trace_id="1" * 32, span_id="2" * 16, trace_flags=1, trace_state="")
    current_span.set(other)  # type: ignore[arg-type]
    span = core.Span("x")
    current_span.set(None)
    assert (span.trace_id, span.parent_span_id) == ("1" * 32, "2" * 16)


@pytest.mark.parametrize(
    "parent",
    [7, "x", SpanContext("xyz", "1" * 16), SpanContext("1" * 32, ""), SimpleNamespace(trace_id=1)],
)
def test_a_parent_that_is_none_begins_a_trace(core: Any, parent: Any) -> None:
    with pytest.raises((ValueError, AttributeError, TypeError)):
        core.Span("x", parent=parent)
    guard.set_strict(False)
    span = core.Span("x", parent=parent)
    assert (int(span.trace_id, 16) > 0, span.parent_span_id) == (True, "")


def test_another_tool_may_know_the_parent_of_a_root(core: Any) -> None:
    outside = SpanContext("1" * 32, "2" * 16, 1, "v=1")
    core.set_root_parent(lambda: outside)
    with core.Span("joins") as joins:
        child = core.Span("child")
    assert (joins.trace_id, joins.parent_span_id, joins.trace_state) == ("1" * 32, "2" * 16, "v=1")
    assert child.parent_span_id == joins.span_id
    assert core.Span("apart", parent=ROOT).parent_span_id == ""
    assert core.Span("given", parent=SpanContext("3" * 32, "4" * 16)).trace_id == "3" * 32
    core.set_root_parent(lambda: None)
    assert core.Span("alone").parent_span_id == ""


def test_a_tool_that_fails_to_tell_the_parent_begins_a_trace(core: Any) -> None:
    def fails() -> None:
        raise LookupError

    core.set_root_parent(fails)
    with pytest.raises(LookupError):
        core.Span("x")
    guard.set_strict(False)
    span = core.Span("x")
    assert (int(span.trace_id, 16) > 0, span.parent_span_id) == (True, "")


def test_threads_begin_without_a_current_span(core: Any, buffer: Any) -> None:
    found: list[Any] = []

    def work() -> None:
        with core.Span("in thread") as span:
            found.append((span.parent_span_id, current_span.get() is span))

    with core.Span("outer") as outer:
        for target in (work, lambda: contextvars.copy_context().run(work)):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        contextvars.copy_context().run(work)
    assert found == [("", True), ("", True), (outer.span_id, True)]


def test_tasks_keep_the_parent_they_were_made_under(core: Any, buffer: Any) -> None:
    async def work(name: str, steps: int) -> tuple[str, str]:
        with core.Span(name) as span:
            for _ in range(steps):
                await asyncio.sleep(0)
                assert current_span.get() is span
            return name, span.parent_span_id

    async def main() -> None:
        with core.Span("first") as first:
            early = [asyncio.create_task(work(f"task {n}", n)) for n in range(3)]
        with core.Span("second") as second:
            late = asyncio.create_task(work("late", 1))
            results = await asyncio.gather(*early, late)
        parents = [first.span_id] * 3 + [second.span_id]
        assert [parent for _, parent in results] == parents
        assert current_span.get() is None

    asyncio.run(main())


def test_a_generator_that_ends_late_does_not_stay_current(core: Any, buffer: Any) -> None:
    def generate() -> Iterator[int]:
        with core.Span("generator"):
            yield 1
            yield 2

    generator = generate()
    next(generator)
    with core.Span("caller") as caller:
        generator.close()
        assert current_span.get() is caller
    assert current_span.get() is None
    [ended, _] = buffer.drain(10)
    assert (ended.name, ended.status) == ("generator", "unset")


def test_leaving_in_any_order_returns_to_what_is_still_open(core: Any) -> None:
    a, b, c, d = (core.Span(name).__enter__() for name in "abcd")
    for span, current in ((b, d), (c, d), (d, a), (a, None)):
        span.__exit__(None, None, None)
        assert current_span.get() is current


def test_a_span_may_be_left_in_another_context(core: Any, buffer: Any) -> None:
    copied_inside: list[contextvars.Context] = []

    def generate() -> Iterator[int]:
        with core.Span("generator"):
            copied_inside.append(contextvars.copy_context())
            yield 1

    def elsewhere(generator: Any) -> Any:
        generator.close()
        return current_span.get()

    with core.Span("outer") as outer:
        generator = generate()
        next(generator)
        before = current_span.get()
        assert contextvars.Context().run(elsewhere, generator) is None
        assert current_span.get() is before  # that context was not ours to change
        generator = generate()
        next(generator)
        assert copied_inside[1].run(elsewhere, generator) is before
    assert (outer.ended, current_span.get()) == (True, None)


async def _agenerate(core: Any) -> Any:
    with core.Span("agenerator"):
        yield 1
        yield 2


def test_an_async_generator_closed_by_another_task(core: Any, buffer: Any) -> None:
    async def main() -> None:
        generator = _agenerate(core)
        await asyncio.create_task(anext(generator))
        await asyncio.create_task(generator.aclose())
        assert current_span.get() is None

    asyncio.run(main())
    assert [span.name for span in buffer.drain(10)] == ["agenerator"]


def test_entering_twice_changes_nothing(core: Any, buffer: Any) -> None:
    span = core.Span("x")
    with span, span:
        assert current_span.get() is span
    assert (current_span.get(), buffer.drain(10)) == (None, [span])


# --- exceptions ---


class RefusedError(Exception):
    """Raised by the tests."""


def test_an_exception_passes_and_is_recorded(core: Any, buffer: Any) -> None:
    with pytest.raises(RefusedError), core.Span("outer") as outer, core.Span("inner") as inner:
        raise RefusedError("no GPU")
    name = f"{__name__}.RefusedError"
    for span in (inner, outer):
        assert (span.status, span.status_message) == ("error", "RefusedError: no GPU")
        assert span.attributes == {"error.type": name}
        [(event, _, attributes)] = span.events
        stacktrace = attributes.pop("exception.stacktrace")
        assert (event, attributes) == (
            "exception",
            {"exception.type": name, "exception.message": "no GPU"},
        )
        assert stacktrace.startswith("Traceback")
        assert "raise RefusedError" in stacktrace


@pytest.mark.parametrize(
    ("error", "status", "error_type"),
    [
        (ValueError("x"), "error", "ValueError"),
        (KeyboardInterrupt(), "error", "KeyboardInterrupt"),
        (asyncio.CancelledError(), "error", "asyncio.exceptions.CancelledError"),
        (SystemExit(0), "unset", None),
        (GeneratorExit(), "unset", None),
    ],
)
def test_which_exceptions_are_failures(
    core: Any, error: BaseException, status: str, error_type: str | None
) -> None:
    with pytest.raises(type(error)), core.Span("x") as span:
        raise error
    assert (span.status, span.attributes.get("error.type")) == (status, error_type)


def test_recording_an_exception_leaves_the_status(core: Any) -> None:
    span = core.Span("x")
    span.record_exception(ValueError("retried"))
    assert (span.status, span.events[0][0]) == ("unset", "exception")


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([("ok",)], ("ok", "")),
        ([("ok", "dropped")], ("ok", "")),
        ([("error", "bad")], ("error", "bad")),
        ([("error",)], ("error", "")),
        ([("error", "bad"), ("ok",)], ("ok", "")),
        ([("ok",), ("error", "bad")], ("ok", "")),
        ([("error", "bad"), ("unset",)], ("unset", "")),
        ([("error", "bad"), ("error", "worse")], ("error", "worse")),
    ],
)
def test_status(core: Any, calls: list[tuple[str, ...]], expected: tuple[str, str]) -> None:
    span = core.Span("x")
    for call in calls:
        span.set_status(*call)
    assert (span.status, span.status_message) == expected


# --- attributes ---


class Color(str, Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Scalar:
    dtype = "float16"

    def __init__(self, value: Any) -> None:
        self.value = value

    def item(self) -> Any:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value

    def __str__(self) -> str:
        return "scalar"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        ("", ""),
        (True, True),
        (-5, -5),
        (2**70, 2**70),
        (1.5, 1.5),
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"ab"), b"ab"),
        ([1, 2], (1, 2)),
        ([], ()),
        ((1, [2, ("x",)], None), (1, (2, ("x",)), None)),
        ({"a": [1], 2: None}, {"a": (1,), "2": None}),
        (Color.RED, "red"),
        (Level.HIGH, 3),
        (Scalar(2.5), 2.5),
        (Scalar(ValueError("more than one element")), "scalar"),
        (Scalar([1]), "scalar"),
        (complex(1, 2), "(1+2j)"),
    ],
)
def test_values(core: Any, value: Any, expected: Any) -> None:
    span = core.Span("x", {"from constructor": value})
    span.set_attribute("key", value)
    for stored in span.attributes.values():
        assert stored == expected
        assert type(stored) is type(expected)


def test_none_is_ignored_and_keys_become_text(core: Any) -> None:
    span = core.Span("x", {"a": None})
    span.set_attribute("b", None)
    span.set_attribute(7, 1)
    span.set_attribute(Color.RED, 2)
    assert [(key, type(key), value) for key, value in span.attributes.items()] == [
        ("7", str, 1),
        ("red", str, 2),
    ]


def test_lists_and_mappings_are_copied_when_they_are_set(core: Any) -> None:
    values, mapping = [1], {"a": [1]}
    span = core.Span("x", {"values": values, "mapping": mapping})
    span.add_event("event", mapping)
    values.append(2)
    mapping["a"].append(2)
    assert span.attributes == {"values": (1,), "mapping": {"a": (1,)}}
    assert span.events[0][2] == {"a": (1,)}


def test_the_same_key_is_set_again_in_its_place(core: Any) -> None:
    span = core.Span("x", {"a": 1, "b": 2})
    span.set_attribute("a", 3)
    span.set_attribute("".join(["", "b"]), 4)
    span.set_attribute("é" + "x", 5)
    span.set_attribute("éx", 6)
    assert list(span.attributes.items()) == [("a", 3), ("b", 4), ("éx", 6)]


def test_what_exceeds_the_limits_is_counted(core: Any) -> None:
    span = core.Span("x", {f"key {n}": n for n in range(130)})
    span.set_attribute("key 5", "again")
    for n in range(131):
        span.add_event(f"event {n}")
    for _ in range(132):
        span.add_link(SpanContext("1" * 32, "2" * 16))
    assert (len(span.attributes), span.dropped_attributes_count) == (128, 2)
    assert (len(span.events), span.dropped_events_count) == (128, 3)
    assert (len(span.links), span.dropped_links_count) == (128, 4)
    assert span.attributes["key 5"] == "again"


def test_long_text_is_kept(core: Any) -> None:
    assert len(core.Span("x", {"prompt": "é" * 100_000}).attributes["prompt"]) == 100_000


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    def items(self) -> Any:
        raise RuntimeError("no items")


HOSTILE_CALLS: dict[str, Any] = {
    "attribute": lambda span: span.set_attribute("a", Hostile()),
    "key": lambda span: span.set_attribute(Hostile(), 1),
    "attributes": lambda span: span.set_attributes(Hostile()),
    "no mapping": lambda span: span.set_attributes(5),
    "gpus": lambda span: span.set_gpus(5),
    "event": lambda span: span.add_event(Hostile()),
    "event attributes": lambda span: span.add_event("e", Hostile()),
    "link": lambda span: span.add_link(Hostile()),
    "link id": lambda span: span.add_link(SpanContext("1", "2")),
    "status": lambda span: span.set_status("bad"),
    "message": lambda span: span.set_status("error", Hostile()),
    "name": lambda span: setattr(span, "name", Hostile()),
}


@pytest.mark.parametrize("call", HOSTILE_CALLS.values(), ids=HOSTILE_CALLS.keys())
def test_errors_of_ours_stay_with_us(core: Any, call: Any) -> None:
    span = core.Span("x", {"kept": 1})
    with pytest.raises((RuntimeError, TypeError, ValueError, AttributeError)):
        call(span)
    guard.set_strict(False)
    call(span)
    assert (span.name, span.attributes, span.events, span.links) == ("x", {"kept": 1}, [], [])
    assert span.status == "unset"


@pytest.mark.parametrize(
    "arguments",
    [{"name": Hostile()}, {"name": "x", "kind": "bogus"}, {"name": "x", "attributes": 5}],
)
def test_a_span_begins_whatever_it_is_given(core: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises((RuntimeError, TypeError, ValueError, AttributeError)):
        core.Span(**arguments)
    guard.set_strict(False)
    span = core.Span(**arguments)
    assert (span.kind, span.attributes) == ("internal", {})
    assert span.name == ("x" if arguments["name"] == "x" else "")


@pytest.mark.parametrize("moment", [-1, 2**63, "noon"])
def test_a_time_that_is_none_becomes_now(core: Any, moment: Any) -> None:
    guard.set_strict(False)
    before = time.time_ns()
    span = core.Span("x", start_ns=moment)
    span.add_event("event", time_ns=moment)
    span.end(moment)
    times = [span.start_ns, span.events[0][1], span.end_ns]
    assert before <= times[0] <= times[1] <= times[2] <= time.time_ns() + 1_000_000


def test_wrong_calls_are_refused(core: Any) -> None:
    span = core.Span("x")
    for call in (
        lambda: core.Span(),
        lambda: core.Span("x", None, "client"),
        lambda: core.Span("x", colour="red"),
        lambda: core.Span("x", name="y"),
        lambda: span.set_attribute("a"),
        lambda: span.set_attribute("a", 1, 2),
        lambda: span.set_attribute("a", key="b"),
        lambda: span.end(1, 2),
    ):
        with pytest.raises(TypeError):
            call()


# --- time ---


def test_times_are_now(core: Any) -> None:
    before = time.time_ns()
    with core.Span("x") as span:
        time.sleep(0.002)
        span.add_event("event")
    after = time.time_ns() + 1_000_000
    assert before <= span.start_ns < span.events[0][1] <= span.end_ns <= after
    assert span.end_ns - span.start_ns >= 2_000_000


def test_times_may_be_given(core: Any) -> None:
    span = core.Span("x", start_ns=1_000)
    span.end(2_500)
    assert (span.start_ns, span.end_ns) == (1_000, 2_500)
    backwards = core.Span("x", start_ns=1_000)
    backwards.end(end_ns=500)
    assert backwards.end_ns == 1_000
    open_end = core.Span("x", start_ns=1_000)
    open_end.end()
    assert abs(open_end.end_ns - time.time_ns()) < 1_000_000_000


# --- where spans go ---


class Decision:
    """Stands for the decision about one trace."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.spans: list[Any] = []

    def ended(self, span: Any) -> None:
        self.spans.append(span)


def test_an_unsampled_trace_is_pending_as_a_whole(core: Any) -> None:
    core.set_test_source(None, iter([2**64 + 4, 1, 2, 3, 4, 5, 6]).__next__)
    buffer, decisions = core.RingBuffer(10), []

    def pending(root: Any) -> Decision:
        decisions.append(Decision(root))
        return decisions[-1]

    core.configure(buffer, sampling_bound=4, pending=pending)
    with core.Span("unsampled") as unsampled, core.Span("child") as child:
        assert (unsampled.trace_flags, child.trace_flags) == (0, 0)
    with core.Span("sampled") as sampled:
        assert sampled.trace_flags == 1
    remote = SpanContext("f" * 32, "1" * 16)
    with core.Span("remote", parent=remote) as joined:
        pass
    assert [(d.root, d.spans) for d in decisions] == [
        (unsampled, [child, unsampled]),
        (joined, [joined]),
    ]
    assert buffer.drain(10) == [sampled]


def test_unsampled_spans_are_lost_when_nobody_decides(core: Any) -> None:
    buffer = core.RingBuffer(10)
    core.configure(buffer, sampling_bound=0)
    with core.Span("x"), core.Span("y"):
        pass
    assert (len(buffer), buffer.dropped) == (0, 0)
    core.configure(buffer, sampling_bound=0, pending=lambda root: None)
    with core.Span("sampled after all"):
        pass
    assert len(buffer) == 1


def test_wake_is_called_when_enough_spans_wait(core: Any) -> None:
    buffer, lengths = core.RingBuffer(10), []
    core.configure(buffer, wake_at=3, wake=lambda: lengths.append(len(buffer)))
    for _ in range(5):
        core.Span("x").end()
    buffer.drain(10)
    for _ in range(12):
        core.Span("x").end()
    assert (lengths, buffer.dropped) == ([3, 3], 2)


def test_errors_where_spans_go_stay_with_us(core: Any) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("broken")

    guard.set_strict(False)
    buffer = core.RingBuffer(10)
    core.configure(buffer, sampling_bound=0, pending=fail, wake_at=1, wake=fail)
    with core.Span("kept") as kept:
        pass
    core.configure(None, sampling_bound=0, pending=lambda _: SimpleNamespace(ended=fail))
    with core.Span("lost"):
        pass
    assert buffer.drain(10) == [kept]


def test_only_a_ring_buffer_will_do(core: Any) -> None:
    with pytest.raises(TypeError, match="buffer must be a RingBuffer or None"):
        core.configure([])


def test_without_a_buffer_spans_go_nowhere(core: Any, buffer: Any) -> None:
    core.configure(None)
    with core.Span("x") as span:
        pass
    assert (span.ended, len(buffer)) == (True, 0)


# --- ids ---


def test_ids_differ(core: Any) -> None:
    spans = [core.Span("x", parent=ROOT) for _ in range(10_000)]
    assert len({span.trace_id for span in spans}) == len({span.span_id for span in spans}) == 10_000
    for position in range(32):  # every digit takes every value
        assert len({span.trace_id[position] for span in spans}) == 16


def test_a_forked_child_that_reseeds_repeats_no_id(core: Any) -> None:
    program = (
        "import json, os, sys\n"
        "from axonize.speed import Span, reseed\n"
        "reader, writer = os.pipe()\n"
        "child = os.fork() == 0\n"
        "if child: reseed()\n"
        "ids = [Span('x').span_id for _ in range(100)]\n"
        "if child: os.write(writer, json.dumps(ids).encode()); os._exit(0)\n"
        "os.wait()\n"
        "print(json.dumps([ids, json.loads(os.read(reader, 100_000))]))\n"
    )
    pure = "1" if core.Span.__module__ == "axonize.span" else ""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "AXONIZE_PURE": pure},
        capture_output=True,
        check=True,
    )
    parent, child = json.loads(run.stdout)
    assert (len(set(parent)), len(set(child)), set(parent) & set(child)) == (100, 100, set())


# --- subclasses ---


def test_a_subclass_may_do_more_at_the_end(core: Any, buffer: Any) -> None:
    class Counted(core.Span):
        def __init__(self, name: str, count: int, **options: Any) -> None:
            super().__init__(name, {"count": count}, **options)
            self.count = count

        def end(self, end_ns: int | None = None) -> None:
            self.set_attribute("final", self.count)
            super().end(end_ns)

    with Counted("x", 2, kind="server") as span, core.Span("child") as child:
        span.count += 1
    assert buffer.drain(10) == [child, span]
    assert (span.attributes, span.kind) == ({"count": 2, "final": 3}, "server")
    assert child.parent_span_id == span.span_id


def test_a_subclass_that_forgets_to_begin_harms_nobody(core: Any, buffer: Any) -> None:
    class Forgetful(core.Span):
        def __init__(self) -> None:
            super().__init__("first")
            super().__init__("second", {"a": 1})

    assert (Forgetful().name, Forgetful().attributes) == ("second", {"a": 1})


def test_spans_can_be_referred_to_weakly(core: Any) -> None:
    span = core.Span("x")
    reference = weakref.ref(span)
    assert reference() is span
    del span
    gc.collect()
    assert reference() is None


# --- memory ---


def recorded(core: Any) -> None:
    with core.Span("outer", {"a": [1], "b": {"c": "d"}}) as outer, core.Span("inner") as inner:
        for n in range(20):
            inner.set_attribute(f"key {n}", n * 1.5)
        inner.add_event("event", {"a": 1})
        inner.add_link(outer)
        inner.set_status("error", "bad")
        repr(inner)
        described(inner)
    core.encode_spans([outer, inner])


def test_memory_stays_bounded(core: Any) -> None:
    buffer = core.RingBuffer(100)
    core.configure(buffer)
    for _ in range(300):  # fills the buffer and what is kept for reuse
        recorded(core)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(500):
        recorded(core)
        buffer.drain(100)
    gc.collect()
    growth = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert growth < 500 * 32


def test_errors_leak_nothing(core: Any) -> None:
    guard.set_strict(False)

    def fail() -> None:
        span = core.Span("x")
        for call in HOSTILE_CALLS.values():
            call(span)
        core.Span(Hostile(), 5, kind="bogus", parent=7)
        core.configure(core.RingBuffer(1), sampling_bound=0, pending=Decision)
        core.Span("x").__enter__()
        current_span.set(None)

    for _ in range(50):
        fail()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(200):
        fail()
    gc.collect()
    assert len(gc.get_objects()) - before < 50


def test_an_abandoned_span_is_collected(core: Any) -> None:
    class Marked(core.Span):
        pass

    def abandon() -> weakref.ref[Any]:
        span = Marked("x")
        span.__enter__()
        core.Span("inner").__enter__()
        span.myself = span
        return weakref.ref(span)

    reference = contextvars.Context().run(abandon)
    gc.collect()
    assert reference() is None


def test_many_open_spans_are_released_without_deep_recursion(core: Any) -> None:
    def nest() -> None:
        for _ in range(100_000):
            core.Span("x").__enter__()

    contextvars.Context().run(nest)
    gc.collect()
    assert current_span.get() is None
