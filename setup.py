"""What pyproject.toml cannot say: the C extension, the web UI and the start-up file."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).parent
UI = ROOT / "ui"
STATIC = ROOT / "server" / "axonize_server" / "static"
START_UP = ("axonize.pth", "axonize.start")  # read by Python where packages are installed
STAMP = STATIC / "sources.sha256"  # of the UI's sources that the built files were made from


def mode(name: str) -> str:
    """Read auto, require or skip from an environment variable."""
    value = os.environ.get(name, "auto")
    if value not in ("auto", "require", "skip"):
        raise SystemExit(f"{name}={value}: expected auto, require or skip")
    return value


def build_ui() -> None:
    """Build the web UI into the server's package, unless it is there or cannot be built here."""
    if mode("AXONIZE_UI") == "skip" or is_built():
        return
    problem = find_problem()
    if problem is None:
        return
    if mode("AXONIZE_UI") == "require":
        raise SystemExit(f"AXONIZE_UI=require, but {problem}")
    print(f"warning: the web UI was not built: {problem}")


def is_built() -> bool:
    """Say whether the built files are there and made from the sources as they are."""
    if not (UI / "package.json").is_file():  # a source distribution brings the built files
        return (STATIC / "index.html").is_file()
    return STAMP.is_file() and STAMP.read_text() == hash_sources()


def hash_sources() -> str:
    """Return a SHA-256 over the names and contents of everything the UI is made from."""
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(UI):
        folders[:] = sorted(set(folders) - {"node_modules"})
        for path in (Path(folder, name) for name in sorted(names)):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(UI).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def find_problem() -> str | None:
    """Build the UI; say what is in the way if that is not possible."""
    npm = shutil.which("npm")
    if not (UI / "package.json").is_file():
        return "there is neither a built UI nor its sources in ui/"
    if npm is None:
        return "npm is not on the PATH; install Node.js 20.19 or later"
    sources = hash_sources()
    installed = UI / "node_modules" / ".package-lock.json"
    commands = [["run", "build"]]
    if not installed.is_file() or is_older(installed, UI / "package-lock.json"):
        commands.insert(0, ["ci", "--no-audit", "--no-fund"])
    for command in commands:
        if subprocess.run([npm, *command], cwd=UI, check=False).returncode:
            return f"`npm {' '.join(command)}` failed in ui/"
    STAMP.write_text(sources)
    return None


def is_older(path: Path, other: Path) -> bool:
    """Say whether `path` was written before `other`."""
    return path.stat().st_mtime < other.stat().st_mtime


class BuildPackages(build_py):
    """The packages, with the built UI as package data and the start-up files beside them."""

    def run(self) -> None:
        """Build the UI, then copy what belongs into the wheel."""
        build_ui()
        self.__dict__.pop("data_files", None)  # listed earlier, from what was there then
        super().run()
        install = self.get_finalized_command("install")
        for name in START_UP:
            self.copy_file(name, install.install_lib if self.editable_mode else self.build_lib)

    def get_source_files(self) -> list[str]:
        """Name the start-up files too, for the source distribution."""
        return [*super().get_source_files(), *START_UP]


class SourceWithUI(sdist):
    """A source distribution installs without Node, so it brings the built UI."""

    def run(self) -> None:
        """Build the UI, then do what the command does."""
        build_ui()
        super().run()


def extension(name: str, source: str, headers: str) -> Extension:
    """Describe a C extension that is left out where it cannot be built, unless it is required."""
    return Extension(
        name,
        [source],
        depends=[str(path.relative_to(ROOT)) for path in ROOT.glob(headers)],
        optional=mode("AXONIZE_EXTENSION") != "require",
        extra_compile_args=["-O2"],
    )


extensions = [
    extension("axonize._core", "src/axonize/_core.c", "src/axonize/core/*.h"),
    extension(
        "axonize_server._decode",
        "server/axonize_server/_decode.c",
        "server/axonize_server/native/*.h",
    ),
]

setup(
    ext_modules=[] if mode("AXONIZE_EXTENSION") == "skip" else extensions,
    cmdclass={"build_py": BuildPackages, "sdist": SourceWithUI},
)
