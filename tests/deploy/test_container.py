"""The container file; `nox -s container` also runs its steps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from axonize_server.settings import ServerSettings, load_settings

from tests.deploy.container import DOCKERFILE, ROOT, Stage, ignores, patterns, stages
from tests.server.serving import ServeProcess

STAGES = stages(DOCKERFILE.read_text())


def test_it_is_built_in_stages_and_the_last_one_has_no_compiler() -> None:
    assert [stage.name for stage in STAGES] == ["ui", "build", ""]
    last = STAGES[-1]
    assert last.base.endswith("-slim")
    assert not any("apt-get" in command for command in last.arguments("RUN"))
    assert last.arguments("COPY") == ["--from=build /opt/axonize /opt/axonize"]


@pytest.mark.parametrize("stage", STAGES[:-1], ids=lambda stage: stage.name)
def test_what_is_copied_is_there_and_in_the_context(stage: Stage) -> None:
    for argument in stage.arguments("COPY"):
        if argument.startswith("--from"):
            continue
        for source in argument.split()[:-1]:
            assert (ROOT / source).exists()
            assert not ignores(source, patterns())


def test_the_context_leaves_out_what_is_built_or_private() -> None:
    for path in (
        ".git/config", ".venv/bin/python", "config.yaml", "tests/conftest.py", "deploy/.env",
        "ui/node_modules/react/index.js", "server/axonize_server/static/index.html",
        "src/axonize/_core.cpython-312.so", "src/axonize/__pycache__/cli.pyc",
    ):  # fmt: skip
        assert ignores(path, patterns()), path
    for path in ("src/axonize/cli.py", "ui/src/main.tsx", "ui/package.json", "LICENSE"):
        assert not ignores(path, patterns()), path


def test_it_runs_as_nobody_and_serves_everyone_who_shows_a_key(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    last = STAGES[-1]
    assert last.arguments("USER") == ["10001:10001"]
    environ = dict(pair.split("=", 1) for pair in last.arguments("ENV")[0].split())
    settings = load_settings({}, {**environ, "AXONIZE_API_KEY": "k"})
    assert settings.host == "0.0.0.0"
    assert [settings.data_dir] == last.arguments("VOLUME") == last.arguments("WORKDIR")
    ports = {ServerSettings().http_port, ServerSettings().grpc_port}
    assert set(map(int, last.arguments("EXPOSE")[0].split())) == ports
    assert json.loads(last.arguments("ENTRYPOINT")[0]) == ["axonize"]
    assert json.loads(last.arguments("CMD")[0]) == ["serve"]


def test_the_health_check_follows_the_server(tmp_path: Path) -> None:
    argument = STAGES[-1].arguments("HEALTHCHECK")[0]
    program, *arguments, folder = json.loads(argument[argument.index("CMD") + 3 :])
    assert (program, [folder]) == ("python", STAGES[-1].arguments("VOLUME"))
    data = tmp_path / "data"
    command = [sys.executable, *arguments, str(data)]

    def healthy() -> bool:
        return not subprocess.run(command, capture_output=True).returncode

    assert not healthy()
    server = ServeProcess(data)
    server.wait_ready()
    assert healthy()
    server.end()
    assert not healthy()
