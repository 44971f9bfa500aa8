"""What is built and installed is whole, and starts by itself where it should and only there."""

from __future__ import annotations

import os
import pkgutil
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from axonize._boot import start_if_enabled

ROOT = Path(__file__).parents[1]
HAVE_NPM = shutil.which("npm") is not None
HAVE_COMPILER = any(map(shutil.which, ("cc", "gcc", "clang")))
LARGEST_WHEEL_MB = 3
# Everything a program may need is found in this environment, except Axonize itself, because
# a folder named in a .pth file is searched for packages and not for more .pth files.
DEPENDENCIES = sysconfig.get_path("purelib")


def run(*command: object, cwd: Path | None = None, check: bool = True, **env: str) -> str:
    """Run a command with a clean set of AXONIZE_ variables; return what it prints."""
    inherited = {name: text for name, text in os.environ.items() if "AXONIZE" not in name}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**inherited, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout
    return done.stdout


def copy_sources(target: Path) -> Path:
    """Copy what git knows or would know, as a release starts from."""
    names = run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    if (ROOT / "ui" / "node_modules").is_dir():
        (target / "ui" / "node_modules").symlink_to(ROOT / "ui" / "node_modules")
    return target


class Environment:
    """A fresh virtual environment; it sees the libraries of this one unless it is alone."""

    def __init__(self, folder: Path, *, alone: bool = False) -> None:
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        self.python = folder / "bin" / "python"
        self.site = next((folder / "lib").glob("python*")) / "site-packages"
        if not alone:
            (self.site / "dependencies.pth").write_text(f"{DEPENDENCIES}\n")

    def pip(self, *arguments: object, **env: str) -> str:
        return run(sys.executable, "-m", "pip", "--python", self.python, *arguments, **env)


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that was built from it."""
    sources = copy_sources(tmp_path_factory.mktemp("sources"))
    output = tmp_path_factory.mktemp("release")
    env = {
        "AXONIZE_UI": "require" if HAVE_NPM else "skip",
        "AXONIZE_EXTENSION": "require" if HAVE_COMPILER else "skip",
    }
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", output, sources]
    run(*command, **env)
    return output


@pytest.fixture(scope="session")
def wheel(release: Path) -> Path:
    return next(release.glob("*.whl"))


@pytest.fixture(scope="session")
def sdist(release: Path) -> Path:
    return next(release.glob("*.tar.gz"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("installed") / "venv")
    environment.pip("install", "--no-deps", wheel)
    return environment


def test_the_wheel_holds_all_that_runs_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    migrations = ROOT / "migrations"
    expected = {path.relative_to(migrations).as_posix() for path in migrations.rglob("*.sql")}
    expected |= {"axonize.pth", "axonize.start", "axonize/py.typed", "axonize_server/py.typed"}
    expected |= {"axonize/_boot.py", "axonize/integrations/asgi.py", "axonize_server/main.py"}
    expected |= {"axonize_server/placeholder.html"}
    assert expected <= names
    for extension in ("axonize/_core.", "axonize_server/_decode."):
        assert any(name.startswith(extension) for name in names if not name.endswith("i"))
    unwanted = (".c", ".h", ".ts", ".tsx", ".map", ".toml")
    roots = {name.split("/")[0] for name in names}
    assert [name for name in names if name.endswith(unwanted) or "node_modules" in name] == []
    assert roots <= {
        "axonize", "axonize_server", "axonize_migrations", "axonize.pth", "axonize.start",
        next(root for root in roots if root.endswith(".dist-info")),
    }  # fmt: skip
    size_mb = wheel.stat().st_size / 1e6
    print(f"{wheel.name}: {size_mb:.2f} MB, {len(names)} files")
    assert size_mb < LARGEST_WHEEL_MB


def test_wheel_and_source_distribution_bring_the_web_ui(wheel: Path, sdist: Path) -> None:
    with zipfile.ZipFile(wheel) as archive, tarfile.open(sdist) as sources:
        contents = (archive.namelist(), sources.getnames())
    for names in contents:
        static = [name for name in names if "axonize_server/static/" in name]
        assert any(name.endswith("static/index.html") for name in static) == HAVE_NPM
        assert any(name.endswith(".js") for name in static) == HAVE_NPM


def test_the_commands_are_installed(installed: Environment) -> None:
    commands = installed.python.parent
    assert "Observability for AI inference" in run(commands / "axonize", "--help")
    assert "COMMAND" in run(commands / "axonize-instrument", "--help")
    assert run(installed.python, "-m", "axonize", "version").startswith("axonize 0.")


def test_commands_whose_extra_is_missing_say_how_to_get_it(wheel: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv", alone=True)
    environment.pip("install", "--no-deps", wheel)
    axonize = environment.python.parent / "axonize"
    assert run(axonize, "--version").startswith("axonize ")
    for command, extra in (("serve", "server"), ("migrate", "server"), ("demo", "demo")):
        told = run(axonize, command, check=False)
        pattern = rf"axonize {command} needs '\w+': pip install 'axonize\[{extra}\]'\n"
        assert re.fullmatch(pattern, told), told


# ---------------------------------------------------------------- the start-up file

STARTED = """
import sys
print(any(type(finder).__module__ == "axonize.finder" for finder in sys.meta_path))
"""
CHILD = """
import os, subprocess, sys
environment = {**os.environ, "PYTHONPATH": "/nowhere"}
subprocess.run([sys.executable, "-c", sys.argv[1]], env=environment, check=True)
"""
PROCESSES = """
import multiprocessing, sys
def look(answers):
    answers.put(any(type(finder).__module__ == "axonize.finder" for finder in sys.meta_path))
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    answers = context.Queue()
    process = context.Process(target=look, args=(answers,))
    process.start()
    print(answers.get(timeout=240))
    process.join()
"""


@pytest.mark.parametrize("options", [[], ["-I"], ["-E"], ["-s"]])
def test_every_interpreter_starts_when_asked(installed: Environment, options: list[str]) -> None:
    assert run(installed.python, *options, "-c", STARTED, AXONIZE_AUTO="1") == "True\n"


@pytest.mark.parametrize("switch", ["", "0", "false"])
def test_no_interpreter_starts_unasked(installed: Environment, switch: str) -> None:
    assert run(installed.python, "-c", STARTED, AXONIZE_AUTO=switch) == "False\n"
    assert run(installed.python, "-c", STARTED) == "False\n"


def test_a_script_and_a_child_with_another_path_start(
    installed: Environment, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(CHILD)
    assert run(installed.python, script, STARTED, AXONIZE_AUTO="1") == "True\n"


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_processes_of_multiprocessing_start(
    installed: Environment, tmp_path: Path, method: str
) -> None:
    script = tmp_path / "script.py"
    script.write_text(PROCESSES)
    assert run(installed.python, script, method, AXONIZE_AUTO="1") == "True\n"


def test_the_start_loads_only_the_finder(installed: Environment) -> None:
    program = "import sys; print(sorted(name for name in sys.modules if 'axonize' in name))"
    loaded = run(installed.python, "-c", program, AXONIZE_AUTO="1")
    assert loaded == "['axonize', 'axonize._boot', 'axonize.finder', 'axonize.integrations']\n"


PATCHED = """
import sys
assert "axonize.patching" not in sys.modules
from starlette.applications import Starlette
from axonize.patching import report
print(*[row.state for row in report() if row.integration == "asgi"])
"""


def test_the_import_of_a_library_starts_tracing(installed: Environment) -> None:
    env = {"AXONIZE_AUTO": "1", "AXONIZE_ENDPOINT": "localhost:9"}
    assert run(installed.python, "-c", PATCHED, **env) == "patched\n"


def test_axonize_instrument_switches_on_what_it_runs(installed: Environment) -> None:
    command = [installed.python.parent / "axonize-instrument", "--endpoint", "localhost:9"]
    assert run(*command, installed.python, "-c", PATCHED) == "patched\n"


def test_both_start_up_files_run_the_same_function() -> None:
    # Python 3.15 reads the second one and then ignores the first.
    name = (ROOT / "axonize.start").read_text().strip()
    assert pkgutil.resolve_name(name) is start_if_enabled
    assert "import start_if_enabled" in (ROOT / "axonize.pth").read_text()


def test_a_start_up_file_that_was_left_behind_is_silent(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    shutil.copy2(ROOT / "axonize.pth", environment.site)
    assert run(environment.python, "-c", STARTED, AXONIZE_AUTO="1") == "False\n"


# ---------------------------------------------------------------- other ways to build


def test_the_source_distribution_installs_without_npm_and_compiler(
    sdist: Path, tmp_path: Path
) -> None:
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path]
    env = {"PATH": "/nowhere", "AXONIZE_EXTENSION": "skip"}
    run(sys.executable, "-m", "pip", "wheel", *options, sdist, **env)
    wheel = next(tmp_path.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "axonize.pth" in names
    assert ("axonize_server/static/index.html" in names) == HAVE_NPM


def test_a_missing_compiler_costs_only_the_extension(sdist: Path, tmp_path: Path) -> None:
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path]
    run(sys.executable, "-m", "pip", "wheel", *options, sdist, PATH="/nowhere", CC="/nowhere/cc")
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert [name for name in names if re.search(r"/(_core|_decode)\.c", name)] == []


def test_an_editable_install_starts_too_and_leaves_nothing_behind(tmp_path: Path) -> None:
    sources = copy_sources(tmp_path / "sources")
    environment = Environment(tmp_path / "venv")
    options = ["--no-deps", "--no-build-isolation"]
    env = {"AXONIZE_UI": "skip", "AXONIZE_EXTENSION": "skip"}
    environment.pip("install", *options, "-e", sources, **env)
    assert run(environment.python, "-c", STARTED, AXONIZE_AUTO="1") == "True\n"
    environment.pip("uninstall", "-y", "axonize")
    assert [path.name for path in environment.site.glob("*axonize*")] == []


def test_a_ui_that_cannot_be_built_is_a_warning_or_an_error_as_asked(tmp_path: Path) -> None:
    sources = copy_sources(tmp_path / "sources")
    command = [sys.executable, "setup.py", "build_py", "--build-lib", tmp_path / "built"]
    told = run(*command, cwd=sources, PATH="/nowhere")
    assert "the web UI was not built: npm is not on the PATH" in told
    told = run(*command, cwd=sources, check=False, PATH="/nowhere", AXONIZE_UI="require")
    assert "AXONIZE_UI=require, but npm is not on the PATH" in told
    assert "expected auto, require or skip" in run(
        *command, cwd=sources, check=False, AXONIZE_UI="x"
    )
