"""What an observer can ask of a call, and what is read from signatures."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator

from axonize.call import Call, shape_of, signature_of


def returns(number: int) -> int:
    return number


async def awaits(number: int) -> int:
    return number


def yields(number: int) -> Iterator[int]:
    yield number


async def streams(number: int) -> AsyncIterator[int]:
    yield number


def test_arguments_are_found_by_name_position_or_default() -> None:
    call = Call(None, (1, 2), {"c": 3}, {"a": 0, "b": 1, "c": 2, "d": 3})
    found = [call.argument(name) for name in "abcd"]
    assert (found, call.argument("d", default=9)) == ([1, 2, 3, None], 9)
    assert Call(None, (1, 2), {}).argument("unnamed", 1) == 2


def test_replace_gives_the_same_call_with_other_arguments() -> None:
    call = Call("self", (1, 2), {"c": 3}, {"a": 0, "b": 1, "c": 2, "d": 3})
    changed = call.replace(b=20, c=30, d=40)
    assert (changed.args, changed.kwargs) == ((1, 20), {"c": 30, "d": 40})
    assert (call.args, call.kwargs, changed.instance) == ((1, 2), {"c": 3}, "self")


def test_a_signature_leaves_out_what_is_bound() -> None:
    def method(self, a, b=1, *rest, c, **more): ...  # type: ignore[no-untyped-def]

    assert str(signature_of(method, bound=True)) == "(a, b=1, *rest, c, **more)"
    assert str(signature_of(method, bound=False)) == "(self, a, b=1, *rest, c, **more)"
    assert str(signature_of(dict.fromkeys("ab").get, bound=False)) == "(key, default=None, /)"
    assert signature_of(type, bound=False) is None


def test_the_shape_of_a_function() -> None:
    class Model:
        async def generate(self) -> None: ...

        @classmethod
        async def load(cls) -> None: ...

    functions = [returns, awaits, yields, streams, functools.partial(streams, 1)]
    shapes = ["plain", "coroutine", "generator", "async generator", "async generator"]
    assert [shape_of(function) for function in functions] == shapes
    assert shape_of(Model().generate) == shape_of(vars(Model)["load"]) == "coroutine"
