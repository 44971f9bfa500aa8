"""What the command that `axonize-instrument` runs is called; a service without a name bears it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

VARIABLE = "AXONIZE_COMMAND"
"""Tells the name to the processes that the command starts; no setting, for any other name wins."""

WITH_A_VALUE = ("-X", "-W", "--check-hash-based-pycs")  # options of Python


def name_of_command(command: Sequence[str]) -> str:
    """Return the program's name, of Python that of the script or module; "" for a line of code."""
    program, *arguments = command
    name = PurePath(program).name
    return _name_of_code(arguments) if name.startswith("python") else name


def _name_of_code(arguments: Sequence[str]) -> str:
    rest = iter(arguments)
    for argument in rest:
        if not argument.startswith("-"):
            return PurePath(argument).stem
        if argument in WITH_A_VALUE:
            next(rest, None)
        elif argument == "-" or argument.startswith("-c"):
            return ""
        elif argument.startswith("-m"):
            return argument[2:] or next(rest, "")
    return ""
