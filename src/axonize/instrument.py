"""The `axonize-instrument` command: run any command with tracing switched on."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

from axonize._boot import SWITCH
from axonize.command import VARIABLE, name_of_command
from axonize.config import Config, load
from axonize.integrations import REGISTRY

NOT_FOUND = 127
NOT_EXECUTABLE = 126
DESCRIPTION = """\
Run a command with tracing switched on, in it and in every Python process it starts:

  axonize-instrument --service-name chat vllm serve my-model
  axonize-instrument --endpoint collector:4317 python -m my_service
"""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Become the command; exit 2, 126 or 127 with a sentence when that cannot be."""
    parser = _parser()
    given = parser.parse_args(arguments)
    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    if not command:
        parser.error("which command? For example: axonize-instrument python app.py")
    environment = {**os.environ, SWITCH: "1", **_name(command), **_variables(given)}
    try:
        config = load(Config, {}, environ=environment)
        _check_names((*config.integrations, *config.disabled_integrations))
    except ValueError as error:
        parser.error(str(error))
    _become(command, environment)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="axonize-instrument",
        description=DESCRIPTION,
        epilog="Every option can be given as an environment variable instead: AXONIZE_<OPTION>. "
        "The key for a server that asks for one is read from AXONIZE_API_KEY alone.",
        usage="%(prog)s [--service-name NAME] [--endpoint ADDRESS] [OPTION ...] COMMAND ...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for row in _options():
        help = row.metadata["setting"].help.replace("%", "%%")  # noqa: A001 - argparse's name
        parser.add_argument(f"--{row.name.replace('_', '-')}", metavar="VALUE", help=help)
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the command and its arguments")
    return parser


def _options() -> list[Any]:
    """Return the settings that may stand in a list of processes."""
    return [row for row in fields(Config) if not row.metadata["setting"].secret]


def _variables(given: argparse.Namespace) -> dict[str, str]:
    values = {f"AXONIZE_{row.name.upper()}": getattr(given, row.name) for row in _options()}
    return {name: value for name, value in values.items() if value is not None}


def _name(command: list[str]) -> dict[str, str]:
    name = name_of_command(command)
    return {VARIABLE: name} if name else {}


def _check_names(names: Sequence[str]) -> None:
    known = dict.fromkeys(name for name, _, _ in REGISTRY)
    for name in names:
        if name not in known:
            raise ValueError(f"unknown integration: {name}; there are {', '.join(known)}")


def _become(command: list[str], environment: Mapping[str, str]) -> NoReturn:
    program = shutil.which(command[0])
    if program is None:
        _refuse(*_why_not(command[0]))
    _warn_of_another_python(program)
    try:
        os.execve(program, command, environment)  # noqa: S606 - running it is what was asked
    except OSError as error:
        _refuse(f"{program}: {error.strerror}", NOT_EXECUTABLE)


def _why_not(name: str) -> tuple[str, int]:
    if not Path(name).is_file():
        return f"{name}: no such command", NOT_FOUND
    if name.endswith(".py"):
        return f"{name} is not a command; try: axonize-instrument python {name}", NOT_EXECUTABLE
    return f"{name} is not executable, or not on the PATH", NOT_EXECUTABLE


def _warn_of_another_python(program: str) -> None:
    """Warn when `python` is not the one Axonize is installed for: nothing would be traced."""
    ours = Path(sys.executable)
    if Path(program).name.startswith("python") and Path(program).parent != ours.parent:
        _say(f"{program} is not the Python that has Axonize; if nothing is traced, use {ours}")


def _refuse(sentence: str, code: int) -> NoReturn:
    _say(sentence)
    sys.exit(code)


def _say(sentence: str) -> None:
    print(f"axonize-instrument: {sentence}", file=sys.stderr)


if __name__ == "__main__":
    main()
