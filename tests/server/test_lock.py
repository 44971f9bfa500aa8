from __future__ import annotations

import os
import subprocess
import sys

import pytest
from axonize_server.lock import DataLock
from axonize_server.model import StartError

DIE_HOLDING = """
import os, sys
from pathlib import Path
from axonize_server.lock import DataLock
lock = DataLock(Path(sys.argv[1]))
lock.write("http://127.0.0.1:9")
os.kill(os.getpid(), 9)
"""


def test_the_second_is_told_who_holds_the_folder(tmp_path):
    first = DataLock(tmp_path / "data")
    first.write("http://127.0.0.1:8080")
    message = rf"data is in use by the server with pid {os.getpid()} \(http://127.0.0.1:8080\)"
    for _ in range(2):
        with pytest.raises(StartError, match=message):
            DataLock(tmp_path / "data")
    first.release()
    DataLock(tmp_path / "data").release()


def test_a_holder_that_has_not_said_who_it_is_still_holds(tmp_path):
    lock = DataLock(tmp_path)
    (tmp_path / "lock").write_text("")
    with pytest.raises(StartError, match="is in use by another server"):
        DataLock(tmp_path)
    lock.release()


def test_a_killed_holder_leaves_only_the_file(tmp_path):
    subprocess.run([sys.executable, "-c", DIE_HOLDING, str(tmp_path)], check=False)
    assert "127.0.0.1:9" in (tmp_path / "lock").read_text()
    DataLock(tmp_path).release()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match=r"file/data cannot be used: Not a directory"):
        DataLock(tmp_path / "file" / "data")
