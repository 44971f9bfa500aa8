"""Runs an action when the host has imported a module, and never causes that import."""

from __future__ import annotations

import sys

# Loaded in every process that Axonize is switched on in, so nothing is imported here that a
# bare interpreter has not loaded already.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    Action = Callable[[], object]

_numbered_actions: list[Callable[[ModuleType], object]] = []
_numbered_modules: list[ModuleType] = []
_waiting: dict[str, list[tuple[str, Action]]] = {}
_ending: set[str] = set()


def when_imported(module: str, action: Action) -> None:
    """Run `action` once, as soon as `module` and the packages it lies in are fully imported.

    At once if they are. A package that is half imported is waited for: what lies in `torch`
    may need the rest of it. An error of the action never breaks the import.
    """
    _install()
    waiting = (module, action)
    for name in _path(module):
        _waiting.setdefault(name, []).append(waiting)
    _run_if_ready(waiting)


def when_numbered_imported(action: Callable[[ModuleType], object]) -> None:
    """Run `action` with every module whose name begins with a digit, as soon as it is imported.

    No import statement can name one: Triton Inference Server names a model's file by its version.
    """
    _install()
    _numbered_actions.append(action)
    for module in _numbered_modules.copy():
        _tell(action, module)


def _install() -> None:
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _numbered_ended(module: ModuleType) -> None:
    _numbered_modules.append(module)
    for action in _numbered_actions.copy():  # one may add another, which is told by that
        _tell(action, module)


def _tell(action: Callable[[ModuleType], object], module: ModuleType) -> None:
    try:
        action(module)
    except Exception as error:  # noqa: BLE001 - an import must not fail for us
        from axonize.guard import log_internal_error

        log_internal_error(error)


def _path(module: str) -> list[str]:
    """Return the module's name after those of the packages it lies in."""
    parts = module.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _ready(module: str) -> bool:
    """Say whether a module and its packages are fully imported, or ending just now."""
    for name in _path(module):
        loaded = sys.modules.get(name)
        spec = getattr(loaded, "__spec__", None)
        if loaded is None or (name not in _ending and getattr(spec, "_initializing", False)):
            return False
    return True


def _ended(name: str) -> None:
    _ending.add(name)
    try:
        for waiting in list(_waiting[name]):
            _run_if_ready(waiting)
    finally:
        _ending.discard(name)


def _run_if_ready(waiting: tuple[str, Action]) -> None:
    module, action = waiting
    if not _ready(module):
        return
    try:
        for name in _path(module):
            _waiting[name].remove(waiting)
    except ValueError:
        return  # another thread was first
    try:
        action()
    except Exception as error:  # noqa: BLE001 - an import must not fail for us
        from axonize.guard import log_internal_error

        log_internal_error(error)


class _Finder:
    """The first entry of sys.meta_path: lets the others find a module, and waits for its end."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _waiting.get(name) and not (_numbered_actions and name[:1].isdigit()):
            return None
        spec = self._find_elsewhere(name, path, target)
        if spec is not None:
            _tell_when_executed(name, spec.loader)
        return spec

    def _find_elsewhere(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        # Only those after this one: another tool that asks all the others would ask us again.
        others = iter(list(sys.meta_path))
        for other in others:
            if other is self:
                break
        for other in others:
            find_spec = getattr(other, "find_spec", None)
            spec: ModuleSpec | None = find_spec(name, path, target) if find_spec else None
            if spec is not None:
                return spec
        return None


def _tell_when_executed(name: str, loader: Any) -> None:
    """Follow `exec_module` by an attribute of this one loader, gone before the module runs.

    So `type(loader)`, `__spec__`, `inspect.getsource` and `importlib.resources` see no change.
    """
    execute = getattr(loader, "exec_module", None)
    if execute is None or not hasattr(loader, "__dict__") or isinstance(loader, type):
        return  # the loader of built-in modules is a class that all of them share

    def exec_module(module: ModuleType) -> None:
        if module.__name__ != name:
            execute(module)  # a zip file has one loader for all its modules
            return
        vars(loader).pop("exec_module", None)
        execute(module)
        if name in _waiting:
            _ended(name)
        if name[:1].isdigit():
            _numbered_ended(module)

    loader.exec_module = exec_module
