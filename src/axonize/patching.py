"""The table of patches: what an integration declares, how it is put in place and undone."""

from __future__ import annotations

import functools
import itertools
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from axonize.call import END, Call, signature_of
from axonize.finder import when_imported
from axonize.guard import guarded, log_internal_error
from axonize.observing import Observer, follower, observe
from axonize.status import add_section

__all__ = [
    "END",
    "Call",
    "Integration",
    "Observer",
    "Patch",
    "Row",
    "install",
    "observe",
    "report",
    "uninstall",
]

_logger = logging.getLogger("axonize")

Kind = Literal["wrapt", "rewrite", "closure"]
State = Literal["waiting", "patched", "missing", "failed"]


@dataclass(frozen=True)
class Patch:
    """One function of a library and what follows its calls.

    "wrapt": the observer is a generator that watches each call; about 2 us a call.
    "rewrite": the same, and the call that it yields first (`call.replace(...)`) is made.
    "closure": the observer takes the original function and returns its replacement, with the
    same signature, that calls it once and guards every statement of its own. For hot functions
    and for those that are pickled, such as the target of a process.
    """

    module: str
    target: str
    observer: Callable[..., Any]
    kind: Kind = "wrapt"


@dataclass(frozen=True)
class Integration:
    """The patches for one library; `requires` names the versions they are written for.

    `begin` is called when they are put in place, for what they cannot name beforehand, and `undo`
    when they are undone, for what they have set up elsewhere.
    """

    name: str
    requires: str
    patches: tuple[Patch, ...]
    undo: Callable[[], object] | None = None
    begin: Callable[[], object] | None = None


class Row(NamedTuple):
    """What became of one patch, for `axonize doctor`."""

    integration: str
    target: str
    state: State
    detail: str


def install(integration: Integration) -> None:
    """Put the patches in place, each as soon as the host has imported its module."""
    if integration.name in _installed:
        return
    add_section("patches", report)
    placements = [_Placement(integration.name, patch) for patch in integration.patches]
    _installed[integration.name] = placements
    for placement in placements:
        when_imported(placement.patch.module, placement.apply)
    if integration.begin is not None:
        with guarded:
            integration.begin()


def uninstall(integration: Integration) -> None:
    """Undo what was put in place, newest first, but where another tool has patched over it."""
    placements = _installed.pop(integration.name, [])
    for placement in sorted(placements, key=lambda placement: placement.order, reverse=True):
        with guarded:
            placement.undo()
    if placements and integration.undo is not None:
        with guarded:
            integration.undo()


def report() -> list[Row]:
    """Return one row for every patch of the installed integrations."""
    return [placement.row() for placements in _installed.values() for placement in placements]


class _Placement:
    """One patch of one integration, and what became of it."""

    def __init__(self, integration: str, patch: Patch) -> None:
        self.integration = integration
        self.patch = patch
        self.state: State = "waiting"
        self.detail = ""
        self.order = 0
        self.undo: Callable[[], None] = lambda: None

    def row(self) -> Row:
        target = f"{self.patch.module}:{self.patch.target}"
        return Row(self.integration, target, self.state, self.detail)

    def apply(self) -> None:
        if self not in _installed.get(self.integration, ()):
            return  # uninstalled before the host imported the module
        try:
            self.undo = _place(self.patch)
            self.state, self.order = "patched", next(_orders)
        except _TargetMissingError as error:
            self.state, self.detail = "missing", str(error)
            _logger.debug("%s: %s", self.integration, error)
        except Exception as error:  # noqa: BLE001 - one patch less, and the host goes on
            self.state, self.detail = "failed", repr(error)
            log_internal_error(error)


_installed: dict[str, list[_Placement]] = {}
_orders = itertools.count(1)


class _TargetMissingError(Exception):
    """The library has no such function, in this version."""


def _place(patch: Patch) -> Callable[[], None]:
    """Replace the target and return the function that puts it back."""
    parent, attribute, original = _resolve(sys.modules[patch.module], patch.target)
    in_class = isinstance(parent, type)
    inherited = in_class and attribute not in vars(parent)
    if patch.kind == "closure":
        replacement = _closure(original, patch.observer)
    else:
        replacement = _wrapper(original, patch, bound=in_class)
    setattr(parent, attribute, replacement)

    def undo() -> None:
        if vars(parent).get(attribute) is not replacement:
            _logger.debug("%s: left in place, patched over by another tool", patch.target)
        elif inherited:
            delattr(parent, attribute)
        else:
            setattr(parent, attribute, original)

    return undo


def _resolve(module: Any, target: str) -> tuple[Any, str, Any]:
    """Find the owner and the attribute as it is stored: a classmethod stays one."""
    *path, attribute = target.split(".")
    try:
        parent = functools.reduce(getattr, path, module)
        if isinstance(parent, type):
            owner = next(owner for owner in parent.__mro__ if attribute in vars(owner))
            return parent, attribute, vars(owner)[attribute]
        return parent, attribute, getattr(parent, attribute)
    except (AttributeError, StopIteration):
        raise _TargetMissingError(f"{module.__name__} has no {target}") from None


def _wrapper(original: Any, patch: Patch, *, bound: bool) -> Any:
    # wrapt costs 80 ms to import, so a process that patches nothing with it never pays.
    from wrapt import FunctionWrapper

    signature = signature_of(
        getattr(original, "__func__", original),
        bound=bound and not isinstance(original, staticmethod),
    )
    rewrites = patch.kind == "rewrite"
    follow = follower(original, patch.observer, rewrites=rewrites, signature=signature)
    return FunctionWrapper(original, follow)


def _closure(original: Any, replace: Callable[[Any], Any]) -> Any:
    """Build the replacement under the original's name, by which pickle finds it again."""
    if isinstance(original, (staticmethod, classmethod)):
        function = original.__func__
        return type(original)(functools.wraps(function)(replace(function)))
    return functools.wraps(original)(replace(original))
