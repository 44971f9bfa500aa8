"""One process at a time holds a lock, and its end frees it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from axonize.host_lock import HostLock

HOLD = """
import sys, pathlib
from axonize.host_lock import HostLock
lock = HostLock(pathlib.Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


def test_one_holds_it_and_the_next_follows(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    first, second = HostLock(path), HostLock(path)
    assert [first.acquire(), first.acquire(), second.acquire()] == [True, True, False]
    first.release()
    first.release()
    assert [second.acquire(), first.acquire()] == [True, False]


def test_a_process_that_is_killed_frees_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"True\n"
        assert not HostLock(path).acquire()
        process.kill()
        process.wait()
    assert HostLock(path).acquire()


def test_a_forked_child_that_lets_go_leaves_it_to_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = HostLock(path)
    assert lock.acquire()
    if (pid := os.fork()) == 0:
        lock.release()
        os._exit(HostLock(path).acquire())
    assert os.waitpid(pid, 0)[1] == 0, "the child took it"
    lock.release()
    assert HostLock(path).acquire()


def test_a_folder_of_others_is_not_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert not HostLock(tmp_path / "lock").acquire()
