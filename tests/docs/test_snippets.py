"""What the pages show works: programs run, commands parse, routes and settings exist."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from axonize_server.app import openapi_document
from axonize_server.settings import ServerSettings

from axonize import instrument
from axonize.cli import _parser
from axonize.config import Config, variables
from tests.docs.test_links import PAGES, ROOT
from tests.sdk.export.collectors import grpc_collector

BLOCK = re.compile(r"^(<!-- runs -->\n)?```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHELL = ("sh", "bash", "")
# Read where they are used: there is no row for them.
OTHER_VARIABLES = {
    "AXONIZE_AUTO", "AXONIZE_PURE", "AXONIZE_EXTENSION", "AXONIZE_UI", "AXONIZE_CHAOS_ROUNDS",
    "AXONIZE_CHAOS_OUTAGE_S", "AXONIZE_SERVER", "AXONIZE_TORCH_DEPTH", "AXONIZE_TORCH_MODULES",
    "AXONIZE_TORCH_TRAINING", "AXONIZE_TORCH_CUDA_TIME", "AXONIZE_TORCH_CUDA_MEMORY",
    "AXONIZE_TORCH_PROFILE_EVERY", "AXONIZE_FUZZ_RUNS", "AXONIZE_REGENERATE_GOLDEN",
}  # fmt: skip
USERS_PAGES = [page for page in PAGES if page.parent != ROOT / "docs" / "adr"]


def blocks(*languages: str, runs: bool = False) -> list[object]:
    found = [
        pytest.param(block, id=f"{page.relative_to(ROOT).as_posix()}-{number}")
        for page in USERS_PAGES
        for number, (marked, language, block) in enumerate(BLOCK.findall(page.read_text()))
        if language in languages and (marked or not runs)
    ]
    assert found
    return found


@pytest.mark.parametrize("block", blocks("python"))
def test_python_is_python(block: str) -> None:
    ast.parse(block)


@pytest.mark.parametrize("block", blocks("python", runs=True))
def test_a_program_runs_and_its_spans_arrive(block: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(block)
    environ = {name: text for name, text in os.environ.items() if not name.startswith("AXONIZE_")}
    with grpc_collector() as collector:
        environ["AXONIZE_ENDPOINT"] = collector.address
        command = [sys.executable, "-W", "error", "app.py"]
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        spans = [
            span
            for request in collector.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
    named = re.findall(r'span\("([^"]+)"', block)
    assert named
    assert {span.name.split()[0] for span in spans} >= {name.split()[0] for name in named}


@pytest.mark.parametrize("block", blocks("yaml"))
def test_yaml_is_yaml(block: str) -> None:
    assert yaml.safe_load(block)


def commands(block: str) -> list[list[str]]:
    """Return the words of each simple command of a shell's block."""
    lines = block.replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines if "$(" not in line]
    return [[word for word in each if word != "&"] for each in words if each]


@pytest.mark.parametrize("block", blocks(*SHELL))
def test_commands_of_ours_take_these_arguments(block: str) -> None:
    if "axonize" not in block:
        return
    try:
        found = commands(block)
    except ValueError:  # no shell: a drawing or a formula
        return
    for program, *arguments in found:
        if program == "axonize":
            assert _parser().parse_args(arguments).command
        elif program == "axonize-instrument":
            assert instrument._parser().parse_args(arguments).command


@pytest.mark.parametrize("page", USERS_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_variables_and_routes_that_are_named_exist(page: Path) -> None:
    text = page.read_text()
    rows = [*Config.__dataclass_fields__.values(), *ServerSettings.__dataclass_fields__.values()]
    known = {name for row in rows for name in variables(row)} | OTHER_VARIABLES
    assert set(re.findall(r"\bAXONIZE_[A-Z0-9_]+[A-Z0-9]", text)) <= known
    patterns = [
        re.sub(r"\{\w+\}", "[^/?]+", path) for path in json.loads(openapi_document())["paths"]
    ]
    for route in re.findall(r"/api/v1/[\w{}/-]*\w\}?", text):
        assert any(re.match(f"{pattern}($|/)|{route}", pattern) for pattern in patterns) or any(
            re.fullmatch(pattern, route) for pattern in patterns
        ), route
