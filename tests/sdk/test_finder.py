"""Actions run when a module is fully imported, once, and leave no trace on it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from axonize import finder, guard
from axonize.finder import when_imported, when_numbered_imported


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package on the path whose root imports its own parts while it is half imported."""
    package = tmp_path / "shapes"
    (package / "solid").mkdir(parents=True)
    (package / "__init__.py").write_text("from shapes.solid import cube\nready = True\n")
    (package / "solid" / "__init__.py").write_text("")
    (package / "solid" / "cube.py").write_text("def volume(a):\n    return a ** 3\n")
    (package / "late.py").write_text("")
    (package / "broken.py").write_text("raise ImportError('broken')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    modules, meta_path = dict(sys.modules), list(sys.meta_path)
    yield tmp_path
    sys.meta_path[:] = meta_path
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]
    finder._waiting.clear()
    finder._numbered_actions.clear()
    finder._numbered_modules.clear()


def test_a_module_that_is_imported_already_is_taken_at_once(library: Path) -> None:
    seen: list[str] = []
    when_imported("json", lambda: seen.append("json"))
    assert seen == ["json"]


def test_an_action_waits_for_the_import_and_never_causes_it(library: Path) -> None:
    seen: list[bool] = []
    when_imported("shapes.late", lambda: seen.append("shapes.late" in sys.modules))
    assert "shapes" not in sys.modules
    importlib.import_module("shapes")
    assert seen == []
    importlib.import_module("shapes.late")
    assert seen == [True]


def test_modules_that_are_named_by_a_number(library: Path) -> None:
    (library / "1").mkdir()
    (library / "1" / "model.py").write_text("import json\nready = True\n")
    seen: list[str] = []
    when_numbered_imported(lambda module: seen.append(module.__name__))
    assert importlib.import_module("1.model").ready
    when_numbered_imported(lambda module: seen.append("late " + module.__name__))
    assert seen == ["1.model", "late 1.model"]


def test_an_action_for_numbered_modules_may_add_another(library: Path) -> None:
    (library / "3").mkdir()
    (library / "3" / "model.py").write_text("")
    seen: list[str] = []
    when_numbered_imported(
        lambda _: when_numbered_imported(lambda module: seen.append(module.__name__))
    )
    importlib.import_module("3.model")
    assert seen == ["3.model"]


def test_a_numbered_module_is_imported_whatever_an_action_does(library: Path) -> None:
    (library / "2").mkdir()
    (library / "2" / "model.py").write_text("ready = True\n")
    when_numbered_imported(lambda _: 1 / 0)
    guard.set_strict(False)
    assert importlib.import_module("2.model").ready


def test_an_action_runs_once(library: Path) -> None:
    seen: list[int] = []
    when_imported("shapes.late", lambda: seen.append(1))
    module = importlib.import_module("shapes.late")
    importlib.reload(module)
    del sys.modules["shapes.late"]
    importlib.import_module("shapes.late")
    assert seen == [1]


def test_a_half_imported_package_is_waited_for(library: Path) -> None:
    seen: list[bool] = []
    when_imported("shapes.solid.cube", lambda: seen.append(hasattr(sys.modules["shapes"], "ready")))
    importlib.import_module("shapes.solid.cube")
    assert seen == [True]


def test_two_actions_for_one_module_run_in_order(library: Path) -> None:
    seen: list[str] = []
    when_imported("shapes", lambda: seen.append("first"))
    when_imported("shapes", lambda: seen.append("second"))
    importlib.import_module("shapes")
    assert seen == ["first", "second"]


def test_an_action_may_wait_for_more(library: Path) -> None:
    seen: list[str] = []
    when_imported("shapes", lambda: when_imported("shapes.late", lambda: seen.append("late")))
    importlib.import_module("shapes.late")
    assert seen == ["late"]


def test_an_action_may_wait_for_the_module_it_was_run_for(library: Path) -> None:
    seen: list[str] = []
    when_imported("shapes", lambda: when_imported("shapes", lambda: seen.append("shapes")))
    importlib.import_module("shapes")
    assert seen == ["shapes"]


def test_an_import_that_fails_fails_as_it_would_and_can_be_repeated(library: Path) -> None:
    seen: list[int] = []
    when_imported("shapes.broken", lambda: seen.append(1))
    with pytest.raises(ImportError, match="broken"):
        importlib.import_module("shapes.broken")
    assert seen == []
    (library / "shapes" / "broken.py").write_text("value = 'repaired'\n")
    importlib.invalidate_caches()
    importlib.import_module("shapes.broken")
    assert seen == [1]


def test_a_missing_module_is_missing(library: Path) -> None:
    when_imported("shapes.absent", lambda: None)
    with pytest.raises(ModuleNotFoundError, match=r"shapes\.absent"):
        importlib.import_module("shapes.absent")


def test_an_action_that_fails_never_breaks_the_import(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "strict", False)
    when_imported("shapes.late", lambda: 1 / 0)
    assert importlib.import_module("shapes.late").__name__ == "shapes.late"


def test_the_module_shows_no_trace(library: Path) -> None:
    plain = importlib.import_module("shapes.solid.cube")
    expected = (type(plain.__loader__), vars(plain.__loader__), inspect.getsource(plain.volume))
    for name in [name for name in sys.modules if name.startswith("shapes")]:
        del sys.modules[name]
    when_imported("shapes.solid.cube", lambda: None)
    module = importlib.import_module("shapes.solid.cube")
    assert module is not plain
    assert module.__spec__ is not None
    assert module.__spec__.loader is module.__loader__
    assert (
        type(module.__loader__),
        vars(module.__loader__),
        inspect.getsource(module.volume),
    ) == expected
    assert expected[0] is SourceFileLoader


def test_looking_for_a_module_without_importing_it_runs_nothing(library: Path) -> None:
    seen: list[int] = []
    when_imported("shapes.late", lambda: seen.append(1))
    assert importlib.util.find_spec("shapes.late") is not None
    assert seen == []
    importlib.import_module("shapes.late")
    assert seen == [1]


def test_modules_of_a_zip_file_share_one_loader(library: Path) -> None:
    archive = library / "packed.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("packed_one.py", "")
        packed.writestr("packed_two.py", "import packed_one\n")
    sys.path.insert(0, str(archive))
    seen: list[str] = []
    for name in ("packed_one", "packed_two"):
        when_imported(name, lambda name=name: seen.append(name))  # type: ignore[misc]
    importlib.util.find_spec("packed_one")
    importlib.import_module("packed_two")
    assert seen == ["packed_one", "packed_two"]


def test_one_finder_serves_all(library: Path) -> None:
    when_imported("shapes", lambda: None)
    when_imported("shapes.late", lambda: None)
    assert sum(isinstance(entry, finder._Finder) for entry in sys.meta_path) == 1


def test_another_tool_that_asks_all_other_finders_does_not_recurse(library: Path) -> None:
    class Nosy:
        def find_spec(self, name: str, path: object = None, target: object = None) -> object:
            for other in sys.meta_path:
                if other is not self and (spec := other.find_spec(name, path, target)):  # type: ignore[arg-type]
                    return spec
            return None

    seen: list[int] = []
    when_imported("shapes.late", lambda: seen.append(1))
    sys.meta_path.insert(0, Nosy())  # type: ignore[arg-type]
    importlib.import_module("shapes.late")
    assert seen == [1]


def test_threads_that_import_at_once_run_an_action_once(library: Path) -> None:
    seen: list[int] = []
    when_imported("shapes.late", lambda: seen.append(1))
    threads = [
        threading.Thread(target=importlib.import_module, args=("shapes.late",)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1]


def test_the_finder_loads_nothing_that_a_bare_interpreter_has_not() -> None:
    source = Path(finder.__file__).read_text()
    program = (
        "import sys; before = set(sys.modules)\n"
        f"exec(compile({source!r}, 'finder', 'exec'), {{'__name__': 'finder'}})\n"
        "print(sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "['__future__']"
