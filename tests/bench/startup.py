"""What Axonize adds to the start of a Python process: `python -m tests.bench.startup [runs]`."""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    name: text
    for name, text in os.environ.items()
    if "AXONIZE" not in name and not name.startswith("PYTHON")
}


class Case(NamedTuple):
    """A command whose time is taken."""

    title: str
    command: tuple[str, ...]
    variables: Mapping[str, str] = {}


class Taken(NamedTuple):
    """What one run took, in ms; other work on the machine adds to the wall time above all."""

    wall_ms: float
    cpu_ms: float


def main(runs: int) -> None:
    """Measure starts with and without Axonize and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder, "wheel"))
        bare = make_environment(Path(folder, "bare"))
        installed = make_environment(Path(folder, "installed"), wheel)
        cases = [
            Case("not installed", (str(bare), "-c", "pass")),
            Case("installed, switched off", (str(installed), "-c", "pass")),
            Case("AXONIZE_AUTO=1", (str(installed), "-c", "pass"), {"AXONIZE_AUTO": "1"}),
            Case("import axonize", (str(installed), "-c", "import axonize")),
            *others(),
        ]
        report(cases, measure(cases, runs), runs)


def others() -> list[Case]:
    """Return OpenTelemetry's own starter, where `opentelemetry-distro` is installed."""
    command = shutil.which("opentelemetry-instrument")
    quiet = {f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")}
    if command is None:
        return []
    python = str(Path(command).with_name("python"))
    return [Case("opentelemetry-instrument", (command, python, "-c", "pass"), quiet)]


def build_wheel(folder: Path) -> Path:
    """Build the wheel from these sources, without the web UI."""
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder)]
    pip("wheel", *options, str(ROOT), variables={"AXONIZE_UI": "skip"})
    return next(folder.glob("*.whl"))


def make_environment(folder: Path, *wheels: Path) -> Path:
    """Make a virtual environment with compiled bytecode and return its Python.

    It sees the libraries of this one, in both cases, so that only Axonize differs.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    site = next((folder / "lib").glob("python*")) / "site-packages"
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    for wheel in wheels:
        pip("--python", str(python), "install", "--no-deps", "--quiet", str(wheel))
    subprocess.run([python, "-m", "compileall", "-q", site], check=True, env=ENVIRONMENT)
    return python


def pip(*arguments: str, variables: Mapping[str, str] | None = None) -> None:
    """Run pip and end with what it says when it fails."""
    environment = {**ENVIRONMENT, **(variables or {})}
    subprocess.run([sys.executable, "-m", "pip", *arguments], check=True, env=environment)


def measure(cases: list[Case], runs: int) -> list[list[Taken]]:
    """Run all cases in every round, each time in another order, on a machine that has moods."""
    taken: list[list[Taken]] = [[] for _ in cases]
    order = list(range(len(cases)))
    for _ in range(runs):
        random.shuffle(order)
        for index in order:
            taken[index].append(run(cases[index]))
    return taken


def run(case: Case) -> Taken:
    """Run a command to its end."""
    began = time.perf_counter()
    environment = {**ENVIRONMENT, **case.variables}
    pid = os.posix_spawn(case.command[0], case.command, environment)
    _, status, usage = os.wait4(pid, 0)
    wall_ms = (time.perf_counter() - began) * 1000
    if status:
        raise SystemExit(f"{' '.join(case.command)} failed")
    return Taken(wall_ms, (usage.ru_utime + usage.ru_stime) * 1000)


def report(cases: list[Case], taken: list[list[Taken]], runs: int) -> None:
    """Print the table: medians, and differences to the first case."""
    medians = [Taken(*map(statistics.median, zip(*times, strict=True))) for times in taken]
    print(f"{runs} interleaved runs, Python {sys.version.split()[0]}, {os.cpu_count()} cores, ms\n")
    print(f"{'case':<28}{'wall':>10}{'difference':>12}{'CPU':>10}{'difference':>12}")
    for case, median in zip(cases, medians, strict=True):
        wall = f"{median.wall_ms:>10.2f}{median.wall_ms - medians[0].wall_ms:>+12.2f}"
        cpu = f"{median.cpu_ms:>10.2f}{median.cpu_ms - medians[0].cpu_ms:>+12.2f}"
        print(f"{case.title:<28}{wall}{cpu}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 80)
