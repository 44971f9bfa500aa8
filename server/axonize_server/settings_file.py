"""The settings' YAML file: values with the lines they stand on, or what is wrong and where."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import yaml

FORM = "write one `name: value` a line, and quote a value that has a colon or a # in it"


class Entry(NamedTuple):
    """A value as YAML understands it, and the line where its name stands, from 1."""

    value: object
    line: int


def read(path: Path, known: Collection[str]) -> dict[str, Entry]:
    """Return the entries of a file; raises FileNotFoundError when there is none.

    Raises ValueError for everything else, in one line: the place, what is wrong, what to do.
    """
    text = _text(path)
    try:
        return _entries(path, yaml.SafeLoader(text), known)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}" if mark else f"{path}"
        raise ValueError(f"{place}: no valid YAML: {error.problem}; {FORM}") from None
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: no valid YAML: {reason}; {FORM}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(
            f"{path}: cannot be read: {error.strerror}; let this user read it, or name another "
            "file with --config"
        ) from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: no text in UTF-8, from byte {error.start} on; save it as UTF-8"
        ) from None


def _entries(path: Path, loader: yaml.SafeLoader, known: Collection[str]) -> dict[str, Entry]:
    root = loader.get_single_node()
    if root is None or (isinstance(root, yaml.ScalarNode) and root.value == ""):
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise ValueError(f"{path}:{root.start_mark.line + 1}: no settings by name; {FORM}")
    entries: dict[str, Entry] = {}
    for name, line, node in _pairs(path, root):
        if name not in known:
            raise ValueError(
                f"{path}:{line}: {name}: no setting has this name; {_meant(name, known)}"
            )
        if name in entries:
            raise ValueError(
                f"{path}:{line}: {name}: set on line {entries[name].line} already; "
                "remove one of the two lines"
            )
        entries[name] = Entry(loader.construct_object(node, deep=True), line)
    return entries


def _pairs(path: Path, root: yaml.MappingNode) -> Iterator[tuple[str, int, yaml.Node]]:
    for key, value in root.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise ValueError(f"{path}:{line}: a name is no text; {FORM}")
        yield key.value, line, value


def _meant(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name.lower().replace("-", "_"), known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(sorted(known))}"
