"""What every integration holds, checked on the real library it is for."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from axonize import guard, patching
from axonize.integrations import REGISTRY, load_integration
from axonize.patching import Call, Integration, Observer, Patch


def present() -> dict[str, str]:
    """Return the path of every integration whose library is in this environment, by its name."""
    return {
        name: path
        for name, library, path in REGISTRY
        if not library or importlib.util.find_spec(library.partition(".")[0])
    }


class Contract:
    """Run as the tests of a class that says which integration it is about."""

    @pytest.fixture
    def integration(self, name: str) -> Iterator[Integration]:
        loaded = load_integration(present()[name])
        yield loaded
        patching.uninstall(loaded)

    @pytest.fixture
    def example(self, name: str) -> Callable[[], Any]:
        found: Callable[[], Any] = importlib.import_module(
            f"tests.integrations.{name}.example"
        ).example
        return found

    def test_the_library_is_of_a_version_it_is_written_for(self, integration: Integration) -> None:
        if integration.requires:
            requirement = Requirement(integration.requires)
            assert requirement.specifier.contains(version(requirement.name), prereleases=True)

    def test_every_patch_finds_its_target(
        self, name: str, integration: Integration, example: Callable[[], Any]
    ) -> None:
        patching.install(integration)
        example()
        rows = [row for row in patching.report() if row.integration == name]
        assert [(row.target, row.state, row.detail) for row in rows] == [
            (f"{patch.module}:{patch.target}", "patched", "") for patch in integration.patches
        ]

    def test_installing_and_uninstalling_leaves_the_library_as_it_was(
        self, integration: Integration
    ) -> None:
        before = [target(patch) for patch in integration.patches]
        patching.install(integration)
        once = [target(patch) for patch in integration.patches]
        assert all(new is not old for new, old in zip(once, before, strict=True))
        patching.install(integration)
        again = [target(patch) for patch in integration.patches]
        assert all(new is old for new, old in zip(again, once, strict=True))
        patching.uninstall(integration)
        after = [target(patch) for patch in integration.patches]
        assert all(new is old for new, old in zip(after, before, strict=True))

    def test_a_patched_function_looks_like_the_library_s_own(
        self, integration: Integration
    ) -> None:
        before = [look(target(patch)) for patch in integration.patches]
        patching.install(integration)
        assert [look(target(patch)) for patch in integration.patches] == before

    @pytest.mark.parametrize("after", [False, True])
    def test_a_broken_observer_leaves_the_library_s_answer(
        self, integration: Integration, example: Callable[[], Any], after: bool
    ) -> None:
        guard.set_strict(False)
        plain = example()
        patching.install(dataclasses.replace(integration, patches=broken(integration, after)))
        assert example() == plain

    def test_the_answer_is_the_same_with_and_without(
        self, integration: Integration, example: Callable[[], Any]
    ) -> None:
        plain = example()
        patching.install(integration)
        assert example() == plain

    def test_a_page_tells_users_how_to_switch_it_off(self, name: str) -> None:
        page = Path("docs", "integrations", f"{name}.md").read_text()
        assert f"AXONIZE_DISABLED_INTEGRATIONS={name}" in page


def target(patch: Patch) -> Any:
    """Return what the library has there, as it is stored."""
    *path, attribute = patch.target.split(".")
    owner = functools.reduce(getattr, path, importlib.import_module(patch.module))
    return inspect.getattr_static(owner, attribute)


def look(function: Any) -> tuple[Any, ...]:
    function = getattr(function, "__func__", function)
    return (
        function.__name__,
        function.__qualname__,
        function.__doc__,
        str(inspect.signature(function)),
        inspect.iscoroutinefunction(function),
    )


def broken(integration: Integration, after: bool) -> tuple[Patch, ...]:
    """Return the patches with observers that raise, before or after the call of the library.

    A closure guards its own statements, which the integration's own tests break.
    """

    def observer(_: Call) -> Observer:
        if after:
            yield
        raise LookupError("broken on purpose")
        yield

    return tuple(
        patch if patch.kind == "closure" else dataclasses.replace(patch, observer=observer)
        for patch in integration.patches
    )
