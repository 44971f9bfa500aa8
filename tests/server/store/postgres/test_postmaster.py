from __future__ import annotations

import os
import socket

from axonize_server.store.postgres.postmaster import answers, postmaster_lines, socket_folder


def write_pid_file(directory, *lines: str) -> None:
    (directory / "postmaster.pid").write_text("\n".join(lines) + "\n")


def test_a_folder_without_a_pid_file_or_with_half_of_one_does_not_answer(tmp_path):
    assert (postmaster_lines(tmp_path), answers(tmp_path)) == ([], False)
    write_pid_file(tmp_path, str(os.getpid()))
    assert answers(tmp_path) is False


def test_who_listens_answers_and_a_socket_that_was_left_does_not(tmp_path):
    write_pid_file(tmp_path, str(os.getpid()), str(tmp_path), "0", "5432", str(tmp_path))
    assert answers(tmp_path) is False
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / ".s.PGSQL.5432"))
        listener.listen(0)
        assert answers(tmp_path) is True
    assert answers(tmp_path) is False


def test_one_that_accepts_nothing_still_listens(tmp_path, monkeypatch):
    monkeypatch.setattr("axonize_server.store.postgres.postmaster.PROBE_S", 0.01)
    write_pid_file(tmp_path, str(os.getpid()), str(tmp_path), "0", "5432", str(tmp_path))
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as caller:
        listener.bind(str(tmp_path / ".s.PGSQL.5432"))
        listener.listen(0)
        caller.connect(listener.getsockname())
        assert answers(tmp_path) is True


def test_the_socket_of_a_deep_folder_has_a_short_path_of_its_own(tmp_path):
    assert socket_folder(tmp_path) == tmp_path
    deep = [tmp_path / name / ("x" * 100) for name in "ab"]
    for each in deep:
        each.mkdir(parents=True)
    folders = {socket_folder(each) for each in deep}
    assert len(folders) == 2
    assert max(len(str(each)) for each in folders) < 50
