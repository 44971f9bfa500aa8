"""What an observer is told of a call, and what a function's signature says of its calls."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final, Literal

Shape = Literal["plain", "coroutine", "generator", "async generator"]


class _End:
    """The type of END."""

    def __repr__(self) -> str:
        return "END"


END: Final = _End()
"""What an observer of a stream gets at its yield, once, after the last item."""


class Call:
    """One call of the host: its arguments may be read here, and are passed on as they came."""

    __slots__ = ("_positions", "args", "instance", "kwargs")

    def __init__(
        self,
        instance: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        positions: Mapping[str, int] | None = None,
    ) -> None:
        self.instance = instance
        self.args = args
        self.kwargs = kwargs
        self._positions = positions or {}

    def argument(self, name: str, position: int | None = None, *, default: Any = None) -> Any:
        """Return what the host passed as `name`, or `default`.

        The position comes from the patched function's signature; give it only where there is
        none to read (a C function, a function under `observe`).
        """
        if name in self.kwargs:
            return self.kwargs[name]
        index = self._positions.get(name, position)
        return self.args[index] if index is not None and index < len(self.args) else default

    def replace(self, **changes: Any) -> Call:
        """Return the same call with some arguments changed, for a patch of kind "rewrite"."""
        args, kwargs = list(self.args), dict(self.kwargs)
        for name, value in changes.items():
            index = self._positions.get(name, len(args))
            if name in kwargs or index >= len(args):
                kwargs[name] = value
            else:
                args[index] = value
        return Call(self.instance, tuple(args), kwargs, self._positions)


def shape_of(function: Any) -> Shape:
    """Say how `function` gives its result."""
    function = getattr(function, "__func__", function)
    if inspect.isasyncgenfunction(function):
        return "async generator"
    if inspect.iscoroutinefunction(function):
        return "coroutine"
    return "generator" if inspect.isgeneratorfunction(function) else "plain"


def signature_of(function: Any, *, bound: bool) -> inspect.Signature | None:
    """Return the signature, the bound first parameter not counted; None where there is none."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    return signature.replace(parameters=list(signature.parameters.values())[bound:])


def wants_keywords(signature: inspect.Signature) -> bool:
    """Say whether every call must name an argument."""
    parameters = signature.parameters.values()
    return any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters)


def positions_in(signature: inspect.Signature | None) -> dict[str, int]:
    """Return the place of every parameter that may be given by its place."""
    parameters = signature.parameters.values() if signature else ()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return {name: index for index, name in enumerate(names)}
