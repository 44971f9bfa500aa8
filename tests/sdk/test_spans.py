from __future__ import annotations

import contextvars
import gc
import tracemalloc
import weakref
from enum import Enum, IntEnum
from types import SimpleNamespace
from typing import Any

import pytest

from axonize import guard
from axonize.spans import ROOT, SpanContext, current_span

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

    def remember(root: Any) -> Any:
        return SimpleNamespace(root=root, ended=repr)

    def fail() -> None:
        span = core.Span("x")
        for call in HOSTILE_CALLS.values():
            call(span)
        core.Span(Hostile(), 5, kind="bogus", parent=7)
        core.configure(core.RingBuffer(1), sampling_bound=0, pending=remember)
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


class Working:
    """What a span is told to have to do with GPUs."""

    def __init__(self, breaks: bool = False) -> None:
        self.breaks = breaks
        self.told: list[Any] = []

    def ended(self, span: Any) -> None:
        assert not span.ended
        self.told.append(span.name)
        span.set_attribute("seconds", 1.5)
        if self.breaks:
            raise ValueError("broken")


def test_work_is_told_of_the_end_once_and_can_still_write(core: Any, buffer: Any) -> None:
    work, span = Working(), core.Span("generate")
    assert (span._work, span._works) == (None, False)
    span._begin_work(work)
    assert (span._work, span._works) == (work, True)
    span.end()
    span.end()
    assert work.told == ["generate"]
    assert span.attributes == {"seconds": 1.5}
    assert buffer.drain(10) == [span]


def test_what_begins_below_a_span_has_its_work_but_tells_it_nothing(core: Any) -> None:
    work = Working()
    with core.Span("serve") as outer:
        outer._begin_work(work)
        with core.Span("pipeline"), core.Span("generate") as inner:
            assert (inner._work, inner._works) == (work, False)
        assert core.Span("other", parent=ROOT)._work is None
        own = core.Span("own")
        own._begin_work(Working())
        own.end()
        assert work.told == []
    assert work.told == ["serve"]


def test_work_that_breaks_ends_the_span_all_the_same(core: Any, buffer: Any) -> None:
    guard.set_strict(False)
    span = core.Span("generate")
    span._begin_work(Working(breaks=True))
    span.end()
    assert buffer.drain(10) == [span]
    assert span.ended
