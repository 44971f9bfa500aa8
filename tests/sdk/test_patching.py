"""Patches are put in place when their library is imported, and can all be undone."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axonize import finder, guard, patching
from axonize.patching import Call, Integration, Observer, Patch, Row, install, report, uninstall

SOURCE = '''
import asyncio

class Base:
    def inherited(self, x):
        """Kept."""
        return ("inherited", x)

class Model(Base):
    def method(self, x, *, y=0):
        return ("method", x, y)

    @classmethod
    def made(cls, x):
        return (cls.__name__, x)

    @staticmethod
    def static(x):
        return ("static", x)

    async def later(self, x):
        await asyncio.sleep(0)
        return ("later", x)

    async def stream(self, count):
        for number in range(count):
            yield number

    class Inner:
        def deep(self):
            return "deep"

def function(x, y=0):
    return ("function", x, y)

def fails():
    raise ValueError("host")
'''


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Import the library `modeling`, written for the test."""
    (tmp_path / "modeling.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    meta_path = list(sys.meta_path)
    monkeypatch.setattr(guard, "strict", True)
    yield lambda: importlib.import_module("modeling")
    sys.modules.pop("modeling", None)
    sys.meta_path[:] = meta_path
    finder._waiting.clear()
    patching._installed.clear()


def integration(*patches: Patch) -> Integration:
    return Integration("modeling", "modeling>=1", patches)


def watch(seen: list[Any]) -> Callable[[Call], Observer]:
    def observer(call: Call) -> Observer:
        result = yield
        seen.append((call.argument("x"), result))

    return observer


TARGETS = ["Model.method", "Model.made", "Model.static", "Model.inherited", "function"]


def call_all(module: Any) -> list[Any]:
    model = module.Model()
    return [
        model.method(1, y=2),
        module.Model.made(x=1),
        model.static(1),
        model.inherited(1),
        module.function(1),
    ]


EXPECTED = [
    ("method", 1, 2),
    ("Model", 1),
    ("static", 1),
    ("inherited", 1),
    ("function", 1, 0),
]


def test_every_kind_of_function_is_observed_and_gives_what_it_gave(library: Any) -> None:
    seen: list[Any] = []
    install(integration(*[Patch("modeling", target, watch(seen)) for target in TARGETS]))
    assert call_all(library()) == EXPECTED
    assert seen == [(1, result) for result in EXPECTED]


@pytest.mark.parametrize("kind", ["wrapt", "rewrite"])
def test_wrong_arguments_of_a_coroutine_are_refused_where_it_is_called(
    library: Any, kind: Any
) -> None:
    seen: list[Any] = []
    install(integration(Patch("modeling", "Model.later", watch(seen), kind=kind)))
    model = library().Model()
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        model.later()
    assert asyncio.run(model.later(x=1)) == ("later", 1)
    assert seen == [(1, ("later", 1))]


def test_installing_does_not_import_the_library(library: Any) -> None:
    seen: list[Any] = []
    modeling = integration(Patch("modeling", "function", watch(seen)))
    install(modeling)
    assert "modeling" not in sys.modules
    assert report() == [Row("modeling", "modeling:function", "waiting", "")]
    library().function(1)
    assert report() == [Row("modeling", "modeling:function", "patched", "")]
    assert seen == [(1, ("function", 1, 0))]


def test_a_library_that_is_imported_already_is_patched_at_once(library: Any) -> None:
    module = library()
    seen: list[Any] = []
    install(integration(Patch("modeling", "function", watch(seen))))
    module.function(1)
    assert len(seen) == 1


def test_installing_twice_is_installing_once(library: Any) -> None:
    module = library()
    seen: list[Any] = []
    modeling = integration(Patch("modeling", "function", watch(seen)))
    install(modeling)
    install(modeling)
    module.function(1)
    assert len(seen) == len(report()) == 1


def test_what_an_integration_begins_it_undoes() -> None:
    seen: list[str] = []
    beginning = Integration(
        "beginning", "", (), begin=lambda: seen.append("begun"), undo=lambda: seen.append("undone")
    )
    install(beginning)
    install(beginning)
    assert seen == ["begun"]


def test_a_missing_target_is_reported_and_the_rest_is_patched(
    library: Any, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Any] = []
    targets = ["Model.absent", "Absent.method", "function"]
    install(integration(*[Patch("modeling", target, watch(seen)) for target in targets]))
    with caplog.at_level(logging.DEBUG, logger="axonize"):
        library().function(1)
    assert len(seen) == 1
    assert [(row.state, row.detail) for row in report()] == [
        ("missing", "modeling has no Model.absent"),
        ("missing", "modeling has no Absent.method"),
        ("patched", ""),
    ]
    assert caplog.messages == [
        "modeling: modeling has no Model.absent",
        "modeling: modeling has no Absent.method",
    ]


def test_a_closure_that_cannot_be_built_is_reported_and_breaks_nothing(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "strict", False)

    def build(original: Any) -> Any:
        raise RuntimeError("ours")

    install(integration(Patch("modeling", "function", build, kind="closure")))
    assert library().function(1) == ("function", 1, 0)
    assert report() == [Row("modeling", "modeling:function", "failed", "RuntimeError('ours')")]


def test_signature_docstring_and_kind_stay_as_they_were(library: Any) -> None:
    module = library()
    names = ["method", "made", "inherited", "later", "stream"]

    def shown() -> list[Any]:
        functions = [getattr(module.Model(), name) for name in names]
        return [
            (
                str(inspect.signature(function)),
                function.__doc__,
                function.__name__,
                inspect.iscoroutinefunction(function),
                inspect.isasyncgenfunction(function),
                inspect.ismethod(function),
            )
            for function in functions
        ]

    before = shown()
    patches = [Patch("modeling", f"Model.{name}", watch([])) for name in names]
    install(integration(*patches))
    assert shown() == before


def test_coroutines_and_streams_are_observed(library: Any) -> None:
    model = library().Model()
    seen: list[Any] = []

    def items(call: Call) -> Observer:
        while (item := (yield)) is not patching.END:
            seen.append(item)
        seen.append("end")

    install(
        integration(
            Patch("modeling", "Model.later", watch(seen)),
            Patch("modeling", "Model.stream", items),
        )
    )

    async def main() -> tuple[Any, list[int]]:
        return await model.later(1), [item async for item in model.stream(2)]

    assert asyncio.run(main()) == (("later", 1), [0, 1])
    assert seen == [(1, ("later", 1)), 0, 1, "end"]


def test_an_observer_knows_the_instance_or_class(library: Any) -> None:
    module = library()
    seen: list[Any] = []

    def observer(call: Call) -> Observer:
        seen.append(call.instance)
        yield

    targets = ["Model.method", "Model.made", "function", "Model.Inner.deep"]
    install(integration(*[Patch("modeling", target, observer) for target in targets]))
    model, inner = module.Model(), module.Model.Inner()
    model.method(1), module.Model.made(1), module.function(1), inner.deep()
    assert seen == [model, module.Model, None, inner]


def test_a_rewrite_is_made_with_the_changed_arguments_and_only_in_a_rewrite(library: Any) -> None:
    def observer(call: Call) -> Observer:
        yield call.replace(x=10 * call.argument("x"))

    module = library()
    install(
        integration(
            Patch("modeling", "Model.method", observer, kind="rewrite"),
            Patch("modeling", "function", observer),
        )
    )
    assert module.Model().method(1, y=5) == ("method", 10, 5)
    assert module.Model().method(x=1) == ("method", 10, 0)
    assert module.function(1) == ("function", 1, 0)


def test_a_stream_can_be_rewritten(library: Any) -> None:
    module = library()

    def observer(call: Call) -> Observer:
        yield call.replace(count=3)

    install(integration(Patch("modeling", "Model.stream", observer, kind="rewrite")))

    async def main() -> list[int]:
        return [item async for item in module.Model().stream(1)]

    assert asyncio.run(main()) == [0, 1, 2]


# ---------------------------------------------------------------- closures


def counting(calls: list[Any]) -> Callable[[Any], Any]:
    def build(original: Any) -> Any:
        def replacement(*args: Any, **kwargs: Any) -> Any:
            calls.append(original.__name__)
            return original(*args, **kwargs)

        return replacement

    return build


def test_a_closure_replaces_every_kind_of_function_and_nothing_shows(library: Any) -> None:
    module = library()
    signature = inspect.signature(module.function)
    calls: list[Any] = []
    install(
        integration(
            *[Patch("modeling", target, counting(calls), kind="closure") for target in TARGETS]
        )
    )
    assert call_all(module) == EXPECTED
    assert calls == ["method", "made", "static", "inherited", "function"]
    assert type(module.function).__name__ == "function"
    assert inspect.signature(module.function) == signature


def test_a_closure_is_pickled_by_its_name(library: Any) -> None:
    module = library()
    install(integration(Patch("modeling", "function", counting([]), kind="closure")))
    restored = pickle.loads(pickle.dumps(module.function))
    assert restored is module.function
    assert restored(1) == ("function", 1, 0)


# ---------------------------------------------------------------- undo


@pytest.mark.parametrize("kind", ["wrapt", "closure"])
def test_uninstall_gives_back_the_same_objects(library: Any, kind: Any) -> None:
    module = library()

    def state() -> dict[str, Any]:
        return {**vars(module.Model), "function": module.function}

    before = state()
    observer = watch([]) if kind == "wrapt" else counting([])
    modeling = integration(*[Patch("modeling", target, observer, kind) for target in TARGETS])
    install(modeling)
    assert state() != before
    uninstall(modeling)
    assert state() == before
    assert "inherited" not in vars(module.Model)
    assert report() == []


def test_uninstall_before_the_import_means_no_patch(library: Any) -> None:
    modeling = integration(Patch("modeling", "function", watch([])))
    install(modeling)
    uninstall(modeling)
    module = library()
    assert type(module.function).__name__ == "function"


def test_uninstall_leaves_what_another_tool_has_patched_over(library: Any) -> None:
    module = library()
    modeling = integration(
        Patch("modeling", "function", watch([])), Patch("modeling", "Model.method", watch([]))
    )
    method = module.Model.__dict__["method"]
    install(modeling)
    ours = module.function

    def theirs(*args: Any) -> Any:
        return ours(*args)

    module.function = theirs
    uninstall(modeling)
    assert module.function is theirs
    assert module.Model.__dict__["method"] is method


def test_two_patches_of_one_function_are_undone_newest_first(library: Any) -> None:
    module = library()
    original = module.function
    seen: list[Any] = []
    modeling = integration(*[Patch("modeling", "function", watch(seen)) for _ in range(2)])
    install(modeling)
    module.function(1)
    assert len(seen) == 2
    uninstall(modeling)
    assert module.function is original


def test_installing_again_after_uninstall_patches_again(library: Any) -> None:
    module = library()
    seen: list[Any] = []
    modeling = integration(Patch("modeling", "function", watch(seen)))
    install(modeling)
    uninstall(modeling)
    install(modeling)
    module.function(1)
    assert len(seen) == 1


def test_the_host_error_comes_out_of_a_patched_function(library: Any) -> None:
    module = library()
    seen: list[BaseException] = []

    def observer(call: Call) -> Observer:
        try:
            yield
        except ValueError as error:
            seen.append(error)
            raise

    install(integration(Patch("modeling", "fails", observer)))
    with pytest.raises(ValueError, match="host") as caught:
        module.fails()
    assert seen == [caught.value]
