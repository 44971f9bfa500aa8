"""A process that is switched on waits for a library, and only its import starts the rest."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ENDPOINT = "localhost:9"  # nothing listens there


def python(program: str, **env: str) -> str:
    inherited = {name: text for name, text in os.environ.items() if "AXONIZE" not in name}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**inherited, "AXONIZE_ENDPOINT": ENDPOINT, "AXONIZE_EXIT_TIMEOUT_MS": "0", **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


BOOT = "from axonize import _boot; _boot.start_if_enabled(); import axonize, sys\n"


@pytest.mark.parametrize("switch", ["", "0", "False", "no", "off"])
def test_the_switch_can_say_no(switch: str) -> None:
    program = BOOT + "import starlette.applications; print(axonize.initialized())"
    assert python(program, AXONIZE_AUTO=switch) == "False"


def test_nothing_starts_before_a_library_is_imported() -> None:
    program = BOOT + "import json, threading; print(axonize.initialized())"
    assert python(program, AXONIZE_AUTO="1") == "False"


def test_the_import_of_a_library_starts_axonize_and_installs_its_integration() -> None:
    program = BOOT + (
        "import starlette.applications\n"
        "from axonize.patching import report\n"
        "states = [row.state for row in report() if row.integration == 'asgi']\n"
        "print(axonize.initialized(), *states)"
    )
    assert python(program, AXONIZE_AUTO="1") == "True patched"


def test_integrations_can_be_chosen() -> None:
    program = BOOT + (
        "import starlette.applications\n"
        "from axonize.patching import report\n"
        "print(axonize.initialized(), sorted({row.integration for row in report()}))"
    )
    chosen = python(program, AXONIZE_AUTO="1", AXONIZE_INTEGRATIONS="asgi")
    left_out = python(program, AXONIZE_AUTO="1", AXONIZE_DISABLED_INTEGRATIONS="asgi")
    assert (chosen, left_out) == ("True ['asgi']", "True ['threads']")


def test_what_the_application_has_set_is_kept() -> None:
    program = BOOT + (
        "axonize.init(service_name='mine')\n"
        "import starlette.applications\n"
        "from axonize import status\n"
        "print(status.describe()['service'])"
    )
    assert python(program, AXONIZE_AUTO="1", AXONIZE_SERVICE_NAME="theirs") == "mine"


def test_a_forked_child_is_patched_too() -> None:
    program = BOOT + (
        "import os, starlette.applications\n"
        "from axonize.patching import report\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    print(axonize.initialized(), report()[0].state, flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)"
    )
    assert python(program, AXONIZE_AUTO="1") == "True patched"


def test_starting_twice_is_starting_once() -> None:
    program = BOOT + (
        "_boot.start()\n"
        "print(sum(type(each).__module__ == 'axonize.finder' for each in sys.meta_path))\n"
        "from axonize import finder\n"
        "print(len(finder._waiting['transformers']))"
    )
    assert python(program, AXONIZE_AUTO="1") == "1\n1"
