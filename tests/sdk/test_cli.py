"""The axonize command: what it offers, and how it hands over."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from axonize.cli import main
from axonize.speed import USING_C
from axonize.version import VERSION


def test_without_a_command_it_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    commands = ["serve", "demo", "migrate", "import", "doctor", "version"]
    assert [line.split()[0] for line in printed.splitlines() if line.startswith("    ")] == commands
    assert "axonize-instrument --service-name chat python app.py" in printed


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_the_version(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "axonize", *arguments]
    core = "C" if USING_C else "Python"
    expected = f"axonize {VERSION} ({core} core, Python {platform.python_version()})\n"
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == expected


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("serve", ["--data-dir", "--host", "--http-port", "--grpc-port", "--config"]),
        ("demo", ["--once", "--requests", "--concurrency", "--data-dir", "--port"]),
        ("migrate", ["--data-dir", "--config"]),
        ("import", ["FILE", "--server"]),
        ("doctor", ["--json", "--import"]),
    ],
)
def test_every_command_explains_its_options(
    command: str, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    printed = capsys.readouterr().out
    assert ended.value.code == 0
    assert [option for option in options if option not in printed] == []


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sevre"])
    assert ended.value.code == 2
    assert "invalid choice: 'sevre'" in capsys.readouterr().err


def test_options_of_the_server_reach_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--data-dir", str(tmp_path), "--http-port", "many"]) == 2
    assert "http_port='many': expected a whole number" in capsys.readouterr().err
    missing = tmp_path / "none.yaml"
    assert main(["migrate", "--data-dir", str(tmp_path), "--config", str(missing)]) == 2
    assert str(missing) in capsys.readouterr().err


def test_nothing_of_the_server_is_loaded_before_it_is_asked_for() -> None:
    program = (
        "import sys; from axonize.cli import main; main(['version'])\n"
        "print([name for name in sys.modules if name.startswith(('axonize_', 'litestar', 'grpc'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[1:] == ["[]"]
