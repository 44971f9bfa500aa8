"""`import axonize.auto` starts everything from the environment, here and in spawned processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import axonize.auto
import multiprocessing, sys

def look(answers):
    import starlette.applications
    answers.put(describe())

def describe():
    import axonize
    from axonize import status
    found = status.describe()
    states = [state for integration, _, state, _ in found["patches"] if integration == "asgi"]
    return axonize.initialized(), found["service"], states

if __name__ == "__main__":
    import starlette.applications
    print(describe())
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=look, args=(answers,))
    process.start()
    print(answers.get(timeout=240))
    process.join()
"""
ENVIRONMENT = {
    "AXONIZE_SERVICE_NAME": "from-the-environment",
    "AXONIZE_ENDPOINT": "localhost:9",  # nothing listens there
    "AXONIZE_EXIT_TIMEOUT_MS": "0",
}
EXPECTED = "(True, 'from-the-environment', ['patched'])"


def run(script: Path, program: str) -> list[str]:
    script.write_text(program)
    inherited = {name: text for name, text in os.environ.items() if "AXONIZE" not in name}
    done = subprocess.run(
        [sys.executable, script],
        env={**inherited, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_it_starts_here_and_in_a_spawned_process(tmp_path: Path) -> None:
    assert run(tmp_path / "app.py", PROGRAM) == [EXPECTED, EXPECTED]


def test_a_library_that_was_imported_before_is_patched_at_once(tmp_path: Path) -> None:
    program = (
        "import starlette.applications\n"
        "import axonize.auto\n"
        "from axonize.patching import report\n"
        "print([row.state for row in report() if row.integration == 'asgi'])\n"
    )
    assert run(tmp_path / "app.py", program) == ["['patched']"]


def test_it_leaves_an_application_that_has_called_init_alone(tmp_path: Path) -> None:
    program = (
        "import axonize\n"
        "axonize.init(service_name='mine')\n"
        "import axonize.auto\n"
        "from axonize import status\n"
        "print(status.describe()['service'])\n"
    )
    assert run(tmp_path / "app.py", program) == ["mine"]
