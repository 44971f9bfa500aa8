"""axonize-instrument becomes the command it is given, with tracing switched on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOW = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"
PYTHON = sys.executable
FOLDER = str(Path(PYTHON).parent)


def instrument(*arguments: str, path: str = FOLDER, **env: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: text for name, text in os.environ.items() if "AXONIZE" not in name}
    return subprocess.run(
        [PYTHON, "-m", "axonize.instrument", *arguments],
        env={**inherited, "PATH": f"{path}:/usr/bin:/bin", **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_options_become_variables_and_the_rest_is_the_command() -> None:
    done = instrument(
        "--service-name", "chat", "--endpoint=collector:4317", "--integrations", "asgi,threads",
        "python", "-c", SHOW, "--service-name", "theirs", "--help",
    )  # fmt: skip
    arguments, environment = json.loads(done.stdout)
    assert arguments == ["--service-name", "theirs", "--help"]
    assert {name: text for name, text in environment.items() if "AXONIZE" in name} == {
        "AXONIZE_AUTO": "1",
        "AXONIZE_SERVICE_NAME": "chat",
        "AXONIZE_ENDPOINT": "collector:4317",
        "AXONIZE_INTEGRATIONS": "asgi,threads",
    }
    assert done.stderr == ""


def test_an_option_wins_over_the_environment_and_nothing_else_is_touched() -> None:
    env = {"AXONIZE_SERVICE_NAME": "old", "AXONIZE_API_KEY": "secret", "PYTHONPATH": "/somewhere"}
    done = instrument("--service-name", "new", "python", "-c", SHOW, **env)
    _, environment = json.loads(done.stdout)
    assert {name: environment[name] for name in env} == {**env, "AXONIZE_SERVICE_NAME": "new"}


def test_the_service_is_named_after_the_command_in_all_its_processes(tmp_path: Path) -> None:
    show = "from axonize.config import *; from axonize.export.resource import describe_process; "
    show += "print(describe_process(load(Config, {}), '1')['service.name'])"
    script = tmp_path / "chat.py"
    script.write_text(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {show!r}])\n")
    assert instrument("python", str(script)).stdout == "chat\n"
    assert instrument("--service-name", "ours", "python", str(script)).stdout == "ours\n"
    for variable in ({"OTEL_SERVICE_NAME": "x"}, {"OTEL_RESOURCE_ATTRIBUTES": "service.name=x"}):
        assert instrument("python", str(script), **variable).stdout == "x\n"
    assert instrument("python", "-c", show).stdout == "unknown_service:python\n"


def test_modules_scripts_and_installed_commands_run(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!{PYTHON}\nimport os\nprint(os.environ['AXONIZE_AUTO'])\n")
    script.chmod(0o755)
    assert instrument(str(script)).stdout == "1\n"
    assert instrument("script", path=f"{tmp_path}:{FOLDER}").stdout == "1\n"
    assert instrument("python", "-m", "this").stdout.startswith("The Zen of Python")
    assert instrument("--", "python", "-c", "print('after two dashes')").stdout.startswith("after")
    assert instrument("axonize", "version").stdout.startswith("axonize ")


def test_the_exit_code_is_that_of_the_command() -> None:
    assert instrument("python", "-c", "raise SystemExit(7)").returncode == 7


def test_a_python_elsewhere_is_warned_of(tmp_path: Path) -> None:
    other = tmp_path / "python"
    other.symlink_to(PYTHON)
    done = instrument(str(other), "-c", "print('ran')")
    assert done.stdout == "ran\n"
    assert done.stderr == (
        f"axonize-instrument: {other} is not the Python that has Axonize; "
        f"if nothing is traced, use {PYTHON}\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ([], 2, "which command? For example: axonize-instrument python app.py"),
        (["--service-name", "chat"], 2, "which command?"),
        (["no-such-thing"], 127, "no-such-thing: no such command"),
        (["--sampling-rate", "2", "python"], 2, "SAMPLING_RATE='2': expected at most 1.0"),
        (["--integrations", "vlm", "python"], 2, "unknown integration: vlm; there are asgi, "),
        (["--disabled-integrations", "x", "python"], 2, "unknown integration: x"),
        (["--service", "chat", "python"], 2, "--service"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(
    arguments: list[str], code: int, sentence: str
) -> None:
    done = instrument(*arguments)
    assert (done.returncode, sentence in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_script_that_is_no_command_gets_a_hint(tmp_path: Path) -> None:
    script = tmp_path / "app.py"
    script.write_text("print('never run')\n")
    done = instrument(str(script))
    assert done.returncode == 126
    assert done.stderr == (
        f"axonize-instrument: {script} is not a command; try: axonize-instrument python {script}\n"
    )
    plain = tmp_path / "plain"
    plain.write_text("")
    assert "is not executable" in instrument(str(plain)).stderr


def test_a_command_that_cannot_start_is_said_so(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    done = instrument(str(script))
    assert done.returncode == 126
    assert done.stderr == f"axonize-instrument: {script}: No such file or directory\n"


def test_help_names_every_setting_but_the_secret_ones() -> None:
    text = instrument("--help").stdout
    assert all(option in text for option in ("--service-name", "--endpoint", "--sampling-rate"))
    assert "--api-key" not in text
    assert "--headers" not in text
