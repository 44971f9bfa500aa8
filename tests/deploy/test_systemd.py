from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from axonize_server.main import CLOSING_S, REFUSED
from axonize_server.settings import ServerSettings

from axonize.cli import _parser

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "axonize.service"
needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine"
)


def value(name: str) -> str:
    found = re.search(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    assert found is not None, name
    return found[1]


@needs_systemd
def test_systemd_finds_nothing_to_say(tmp_path: Path) -> None:
    installed = tmp_path / UNIT.name
    installed.write_text(UNIT.read_text().replace("/opt/axonize/bin/axonize", sys.executable))
    command = ["systemd-analyze", "verify", "--recursive-errors=no", str(installed)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
def test_the_sandbox_is_tight() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    level = re.search(r"Overall exposure level for axonize.service: ([\d.]+)", done.stdout)
    assert level is not None
    assert float(level[1]) < 2.5


def test_it_runs_a_command_that_there_is_and_gives_it_time_to_stop() -> None:
    program, *arguments = value("ExecStart").split()
    assert program.endswith("/bin/axonize")
    given = _parser().parse_args(arguments)
    assert given.data_dir == f"/var/lib/{value('StateDirectory')}"
    assert float(value("TimeoutStopSec")) > ServerSettings().stop_timeout_s + CLOSING_S
    assert value("RestartPreventExitStatus") == str(REFUSED)
