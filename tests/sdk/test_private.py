"""A folder that is nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from axonize.private import make_private


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    assert make_private(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_one_that_others_may_write_to_is_not(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert not make_private(tmp_path)


def test_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(OSError, match="exists"):
        make_private(tmp_path / "a")
