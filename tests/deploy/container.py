"""Runs the build steps of deploy/Dockerfile as a script, in a clean folder instead of a container.

`python -m tests.deploy.container` copies what each stage copies, runs what it runs, and asks the
result for its version. Paths of the container lie below the folder; what needs the base image's
package manager or users is left out and said. EMBEDDED=no in the environment is the build argument.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
IGNORED = ROOT / "deploy" / "Dockerfile.dockerignore"
PLACES = ("/axonize", "/opt/axonize")
OF_THE_IMAGE = ("apt-get", "groupadd")
INSTRUCTION = re.compile(r"^([A-Z]+)\s+(.*)$", re.DOTALL)


@dataclass
class Stage:
    """One FROM with what follows it: (instruction, argument) in order."""

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def arguments(self, instruction: str) -> list[str]:
        """Return the arguments of every step of a kind."""
        return [argument for kind, argument in self.steps if kind == instruction]


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield the instructions of a Dockerfile, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", "").splitlines():
        if match := INSTRUCTION.match(line.strip()):
            yield match[1], match[2].strip()


def stages(text: str) -> list[Stage]:
    """Return the stages of a Dockerfile."""
    found: list[Stage] = []
    for kind, argument in instructions(text):
        if kind == "FROM":
            base, _, name = argument.partition(" AS ")
            found.append(Stage(base, name))
        elif found:
            found[-1].steps.append((kind, argument))
    return found


def ignores(path: str, patterns: list[str]) -> bool:
    """Return whether a path, relative to the context, is left out of it; the last pattern wins."""
    ignored = False
    for pattern in patterns:
        wanted = pattern.lstrip("!")
        parts = [path, *map(str, Path(path).parents)][:-1]
        if any(_matches(part, wanted) for part in parts):
            ignored = not pattern.startswith("!")
    return ignored


def _matches(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch.fnmatch(path.rpartition("/")[2], pattern[3:])
    return fnmatch.fnmatch(path, pattern) and path.count("/") == pattern.count("/")


def patterns() -> list[str]:
    return IGNORED.read_text().split()


class Build:
    """The stages so far: each has a folder that stands for the root of its file system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._patterns = patterns()

    def run(self, stage: Stage) -> None:
        root = self._folder / (stage.name or "final")
        here, environ = root, self._environment()
        for kind, argument in stage.steps:
            if kind == "WORKDIR":
                here = root / argument.lstrip("/")
                here.mkdir(parents=True, exist_ok=True)
            elif kind == "ARG":
                name, _, value = argument.partition("=")
                environ.setdefault(name, value)
            elif kind == "COPY":
                self._copy(root, here, shlex.split(argument))
            elif kind == "RUN":
                self._execute(root, here, argument, environ)

    def _environment(self) -> dict[str, str]:
        kept = ("PATH", "HOME", "LANG", "EMBEDDED", "PIP_", "UV_", "npm_config", "NODE_", "SSL_")
        environ = {name: text for name, text in os.environ.items() if name.startswith(kept)}
        environ["PATH"] = f"{self._tools()}:{environ['PATH']}"
        return environ

    def _tools(self) -> Path:
        """Make the python and the pip of the base image."""
        folder = self._folder / "base"
        if not folder.exists():
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        return folder / "bin"

    def _copy(self, root: Path, here: Path, words: list[str]) -> None:
        source_root = ROOT
        if words[0].startswith("--from="):
            source_root = self._folder / words.pop(0).removeprefix("--from=")
        *sources, target = words
        to = root / target.lstrip("/") if target.startswith("/") else here / target
        for source in sources:
            path = source_root / source.lstrip("/")
            place = to / path.name if target.endswith("/") and path.is_file() else to
            self._copy_one(path, place, from_context=source_root == ROOT)

    def _copy_one(self, path: Path, to: Path, *, from_context: bool) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            shutil.copy2(path, to)
            return

        def ignored(folder: str, names: list[str]) -> set[str]:
            relative = Path(folder).relative_to(ROOT)
            return {each for each in names if ignores(str(relative / each), self._patterns)}

        skip = ignored if from_context else None
        shutil.copytree(path, to, ignore=skip, dirs_exist_ok=True, symlinks=True)

    def _execute(self, root: Path, here: Path, command: str, environ: dict[str, str]) -> None:
        if command.split()[0] in OF_THE_IMAGE:
            print(f"left out, for the base image: {command}", flush=True)
            return
        for place in PLACES:
            command = re.sub(rf"(?<![\w/.-]){place}(?=[/\s]|$)", str(root) + place, command)
        print(f"$ {command}", flush=True)
        subprocess.run(["sh", "-ec", command], cwd=here, env=environ, check=True)


def main(folder: Path) -> None:
    build = Build(folder)
    found = stages(DOCKERFILE.read_text())
    for stage in found:
        print(f"== {stage.name or 'final'} ({stage.base})", flush=True)
        build.run(stage)
    last = found[-1]
    # The programs of a virtual environment name the folder where it was made.
    entry = json.loads(last.arguments("ENTRYPOINT")[0])
    program = folder / "build" / "opt/axonize/bin" / entry[0]
    subprocess.run([str(program), "version"], check=True, cwd=folder)
    size = sum(
        path.stat().st_size
        for path in (folder / "final/opt/axonize").rglob("*")
        if path.is_file() and not path.is_symlink()
    )
    print(f"/opt/axonize holds {size / 1e6:.0f} MB")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="axonize-container-") as temporary:
        main(Path(temporary).resolve())
