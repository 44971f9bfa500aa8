"""What Axonize adds to the start of a Python process: `python -m tests.bench.startup [runs]`."""

from __future__ import annotations

import os
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
    """A command whose wall time is taken."""

    title: str
    command: tuple[str, ...]
    variables: Mapping[str, str] = {}


def main(runs: int) -> None:
    """Print a table of medians in ms, and the differences to a Python without Axonize."""
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
    python = (sys.executable, "-c", "pass")
    return [Case("opentelemetry-instrument", (command, *python), quiet)] if command else []


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


def measure(cases: list[Case], runs: int) -> list[list[float]]:
    """Run the cases in turn, so that a busy moment of the machine meets them all; times in ms."""
    times: list[list[float]] = [[] for _ in cases]
    for _ in range(runs):
        for case, taken in zip(cases, times, strict=True):
            began = time.perf_counter()
            subprocess.run(case.command, check=True, env={**ENVIRONMENT, **case.variables})
            taken.append((time.perf_counter() - began) * 1000)
    return times


def report(cases: list[Case], times: list[list[float]], runs: int) -> None:
    """Print the table."""
    reference = statistics.median(times[0])
    print(f"{runs} interleaved runs, Python {sys.version.split()[0]}, {os.cpu_count()} cores\n")
    print(f"{'case':<28}{'median ms':>10}{'min ms':>10}{'difference ms':>16}")
    for case, taken in zip(cases, times, strict=True):
        median = statistics.median(taken)
        row = f"{case.title:<28}{median:>10.2f}{min(taken):>10.2f}{median - reference:>+16.2f}"
        print(row)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 80)
