"""The status file: what it says, that it is private, and that it goes away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from axonize import status
from axonize.status import StatusFile, add_section, describe, directory, read_all


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "status"


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_file_is_what_is_described(folder: Path) -> None:
    add_section("answer", lambda: [42])
    try:
        file = StatusFile(folder)
        file.refresh()
        expected = describe()
    finally:
        del status._sections["answer"]
    assert expected["answer"] == [42]
    assert (expected["pid"], expected["core"] in ("C", "Python")) == (os.getpid(), True)
    assert read_all(str(folder)) == [json.loads(json.dumps(expected))]
    assert names(folder) == [f"{os.getpid()}.json"]
    file.remove()
    file.remove()
    assert read_all(str(folder)) == []


def test_written_at_intervals(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "WRITE_EVERY_S", 3600.0)
    file = StatusFile(folder)
    file.refresh()
    (folder / f"{os.getpid()}.json").unlink()
    file.refresh()
    assert names(folder) == []


def test_the_dead_are_removed(folder: Path) -> None:
    folder.mkdir()
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=-1)
    for name in (child.stdout.decode().strip(), "0x1", str(2**70)):
        (folder / f"{name}.json").write_text("{}")
    (folder / f"{os.getppid()}.json").write_text("half a fi")
    assert read_all(str(folder)) == []
    assert names(folder) == [f"{os.getppid()}.json"]


def test_folder_is_private(folder: Path, tmp_path: Path) -> None:
    StatusFile(folder).refresh()
    assert folder.stat().st_mode & 0o777 == 0o700
    public = tmp_path / "public"
    public.mkdir()
    public.chmod(0o777)
    StatusFile(public).refresh()
    assert names(public) == []
    link = tmp_path / "link"
    link.symlink_to(public)
    StatusFile(link).refresh()
    assert names(public) == []


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    StatusFile(tmp_path / "file" / "status").refresh()
    assert read_all(str(tmp_path / "file" / "status")) == []


def test_where_the_folder_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert directory("/somewhere") == Path("/somewhere")
    assert directory().name == f"axonize-{os.getuid()}"
    monkeypatch.setenv("AXONIZE_STATUS_DIR", str(tmp_path))
    StatusFile(tmp_path).refresh()
    assert [process["pid"] for process in read_all()] == [os.getpid()]
