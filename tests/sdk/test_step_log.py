"""Both versions note the same steps, and ask as often."""

from __future__ import annotations

import functools
import gc
import inspect
import time
import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from axonize import guard

SCHEDULER = SimpleNamespace(
    kv_cache_manager=SimpleNamespace(usage=0.5), get_request_counts=lambda: (2, 1)
)


@pytest.fixture
def log(core: Any) -> Any:
    class Log(core.StepLog):  # type: ignore[misc]
        """Writes down what it is asked for; two steps are recorded at once."""

        def __init__(self) -> None:
            super().__init__()
            self._at_once = 2
            self.calls: list[Any] = []
            self.lasts = True

        def _find_gauge(self, manager: Any) -> Any:
            self.calls.append(("gauge", manager.usage))
            self._gauge = lambda manager: manager.usage
            return self._gauge

        def _pause(self, request_ids: Any, start_ns: int) -> None:
            self.calls.append(("pause", request_ids, start_ns))

        def _board(self, output: Any, made: Any) -> Any:
            request_ids = output.scheduled_cached_reqs.req_ids
            self.calls.append(("board", request_ids, made))
            return (self.lasts, request_ids, output.total_num_scheduled_tokens, "more")

        def _settle(self, results: Any) -> None:
            self.calls.append(("settle", results, self._ended))
            self._ended = []

        def _record_ended(self) -> None:
            self.calls.append(("record", [scheduled[0] for scheduled, *_ in self._ended]))
            self._ended = []

    return Log()


class Batch(SimpleNamespace):
    """As SchedulerOutput it can be referred to weakly."""


def batch(*request_ids: str, total: int = 0, **more: Any) -> Any:
    return Batch(
        total_num_scheduled_tokens=total or len(request_ids),
        scheduled_cached_reqs=SimpleNamespace(req_ids=list(request_ids)),
        **{"scheduled_new_reqs": [], "scheduled_spec_decode_tokens": {}, **more},
    )


def run(log: Any, output: Any, made: Any = None) -> None:
    log.scheduled(SCHEDULER, output, 5, 3)
    log.ended(output, made, {})


def test_a_step_from_its_batch_to_its_results(log: Any) -> None:
    output, preempting = batch("a"), batch("a", preempted_req_ids={"b"})
    before = time.monotonic_ns()
    log.scheduled(SCHEDULER, output, start_ns=5, began=3)
    log.scheduled(SCHEDULER, preempting, 7, 6)
    went = [scheduled[3] for scheduled in log._open.values()]
    assert list(log._open.values()) == [
        (1, 5, 3, went[0], (2, 1), 0.5, ()),
        (2, 7, 6, went[1], (2, 1), 0.5, {"b"}),
    ]
    assert log.calls == [("gauge", 0.5), ("pause", {"b"}, 7)]
    first = log._open[id(output)]
    log.ended(output, SimpleNamespace(cudagraph_stats="graph"), results={})
    ((scheduled, ended, crew, graph),) = log._ended
    assert (scheduled, crew, graph) == (first, (True, ["a"], 1, "more"), "graph")
    assert before <= went[0] <= went[1] <= ended <= time.monotonic_ns()
    assert (list(log._open), log._number, log._done) == ([id(preempting)], 2, 1)


def test_a_crew_stays_as_long_as_its_batch_does(log: Any) -> None:
    a, b = batch("a"), batch("a", "b")
    for same in (a, a, b, b, batch("a", "b")):
        run(log, same)
    assert [call[1] for call in log.calls if call[0] == "board"] == [["a"], ["a", "b"]]
    assert [call[1] for call in log.calls if call[0] == "record"] == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "other",
    [
        batch("b", "a"),
        batch("a", "b", total=3),
        batch("a", "b", scheduled_new_reqs=["a"]),
        batch("a", "b", scheduled_spec_decode_tokens={"a": [1]}),
    ],
)
def test_another_batch_has_another_crew(log: Any, other: Any) -> None:
    run(log, batch("a", "b"))
    run(log, other, "made")
    assert [call for call in log.calls if call[0] == "board"][1:] == [
        ("board", other.scheduled_cached_reqs.req_ids, "made")
    ]


def test_a_crew_of_one_step(log: Any) -> None:
    log.lasts = False
    for _ in range(3):
        run(log, batch("a"))
    assert [call[0] for call in log.calls].count("board") == 3


def test_a_request_that_leaves_has_all_recorded(log: Any) -> None:
    log._leaving = ["a"]
    output = batch("a")
    log.scheduled(SCHEDULER, output, 5, 3)
    log.ended(output, None, {"results": 1})
    name, results, ended = log.calls[-1]
    assert (name, results, [scheduled[0] for scheduled, *_ in ended]) == (
        "settle",
        {"results": 1},
        [1],
    )
    assert log._ended == []


def test_a_batch_that_was_not_scheduled_here_is_passed_over(log: Any) -> None:
    log.ended(batch("a"), None, {})
    assert (log._ended, log.calls) == ([], [])


def test_what_goes_wrong_is_raised_and_the_step_stays_open(log: Any) -> None:
    output = batch("a")
    with pytest.raises(AttributeError, match="kv_cache_manager"):
        log.scheduled(SimpleNamespace(), output, 5, 3)
    log.scheduled(SCHEDULER, output, 5, 3)
    del output.scheduled_cached_reqs
    with pytest.raises(AttributeError, match="scheduled_cached_reqs"):
        log.ended(output, None, {})
    assert (list(log._open), log._ended, log._number) == ([id(output)], [], 2)
    with pytest.raises(TypeError):
        log.ended(output)


def test_nothing_of_a_batch_is_kept(log: Any) -> None:
    output = batch("a")
    gone = weakref.ref(output)
    run(log, output)
    del output
    gc.collect()
    assert gone() is None


def test_a_log_that_refers_to_itself_is_collected(core: Any) -> None:
    class Log(core.StepLog):  # type: ignore[misc]
        pass

    log = Log()
    log._leaving.append(log)
    gone = weakref.ref(log)
    del log
    gc.collect()
    assert gone() is None


class Told:
    """A log that writes down what it is told."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def scheduled(self, *args: Any) -> None:
        self.calls.append(args)

    ended = scheduled


@pytest.fixture
def scheduler(core: Any) -> Any:
    """A class whose two functions are followed, as vLLM's."""

    class Scheduler:
        found = 0

        def __init__(self, log: Any = None) -> None:
            self._axonize_recorder = log

        def schedule(self, tokens: int, *, fails: bool = False) -> Any:
            """Say what is next."""
            if fails:
                raise KeyError(tokens)
            return Batch(total_num_scheduled_tokens=tokens)

        def update_from_output(
            self, scheduler_output: Any, model_runner_output: Any, newer: Any = None
        ) -> Any:
            return [scheduler_output, model_runner_output, newer][: 3 if newer else 2]

    def find(scheduler: Any) -> Any:
        Scheduler.found += 1
        scheduler._axonize_recorder = Told()
        return scheduler._axonize_recorder

    for follow, name in (("follow_schedule", "schedule"), ("follow_update", "update_from_output")):
        original = getattr(Scheduler, name)
        replacement = getattr(core, follow)(original, find)
        setattr(Scheduler, name, functools.wraps(original)(replacement))
    return Scheduler


def test_a_scheduler_that_is_followed(scheduler: Any) -> None:
    engine, before = scheduler(), (time.time_ns(), time.monotonic_ns())
    output = engine.schedule(3)
    results = engine.update_from_output(output, model_runner_output="made")
    assert results == [output, "made"]
    (told, *one, start_ns, began), ended = engine._axonize_recorder.calls
    assert (told, one) == (engine, [output])
    assert before <= (start_ns, began) <= (time.time_ns(), time.monotonic_ns())
    assert ended == (output, "made", results)
    scheduler.schedule(engine, tokens=1)
    assert (len(engine._axonize_recorder.calls), scheduler.found) == (3, 1)


def test_what_stands_in_is_as_the_original(scheduler: Any) -> None:
    assert (scheduler.schedule.__name__, scheduler.schedule.__doc__) == (
        "schedule",
        "Say what is next.",
    )
    assert list(inspect.signature(scheduler().schedule).parameters) == ["tokens", "fails"]
    engine = scheduler(Told())
    with pytest.raises(KeyError):
        engine.schedule(1, fails=True)
    for wrong in (lambda: engine.schedule(), lambda: scheduler.schedule()):
        with pytest.raises(TypeError, match="missing"):
            wrong()
    with pytest.raises(TypeError):
        engine.update_from_output(1)
    assert engine._axonize_recorder.calls == []


def test_what_a_later_version_calls_otherwise_is_not_noted_and_works(scheduler: Any) -> None:
    engine = scheduler(Told())
    with pytest.raises(TypeError):
        engine.update_from_output(1, 2, newer=3)  # in tests it is said
    guard.set_strict(False)
    assert engine.update_from_output(1, 2, newer=3) == [1, 2, 3]
    assert engine._axonize_recorder.calls == []


def test_a_step_without_tokens_is_none(scheduler: Any) -> None:
    engine = scheduler(Told())
    engine.schedule(0)
    assert engine._axonize_recorder.calls == []


def test_an_error_of_the_log_is_not_the_engines(scheduler: Any) -> None:
    engine = scheduler(SimpleNamespace())  # has no scheduled() and no ended()
    with pytest.raises(AttributeError):
        engine.schedule(1)  # in tests they are raised
    guard.set_strict(False)
    assert engine.schedule(1) == Batch(total_num_scheduled_tokens=1)
    assert engine.update_from_output(1, 2) == [1, 2]
