"""Finds the hooks in the sources of any vLLM, without importing it.

    python -m tests.integrations.vllm.sources FOLDER ...

Each folder holds an unpacked wheel. Prints the hooks that are not there, folder by folder.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from axonize.integrations.vllm import VLLM


def missing(folder: Path) -> list[str]:
    """Return the targets of vLLM that the sources in this folder do not define."""
    patches = [patch for patch in VLLM.patches if patch.module.startswith("vllm.")]
    targets = dict.fromkeys((patch.module, patch.target) for patch in patches)
    return [
        f"{module}:{target}" for module, target in targets if not defines(folder, module, target)
    ]


def defines(folder: Path, module: str, target: str) -> bool:
    """Say whether a module defines Class.method, in the class or in one it inherits from."""
    owner, _, method = target.partition(".")
    tree = parse(folder, module)
    for found in ast.walk(tree) if tree else ():
        if isinstance(found, ast.ClassDef) and found.name == owner:
            return method in methods(found) or any(
                defines(folder, home, f"{base}.{method}")
                for base, home in bases(tree, module, found)
            )
    return False


def methods(found: ast.ClassDef) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {each.name for each in found.body if isinstance(each, functions)}


def bases(tree: ast.AST | None, module: str, found: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Yield the name of each base class and the module it comes from."""
    homes = {}
    for each in ast.walk(tree) if tree else ():
        if isinstance(each, ast.ImportFrom):
            package = module.rsplit(".", each.level)[0] if each.level else ""
            home = ".".join(filter(None, (package, each.module)))
            homes.update(dict.fromkeys((name.asname or name.name for name in each.names), home))
    for base in found.bases:
        if isinstance(base, ast.Name):
            yield base.id, homes.get(base.id, module)


def parse(folder: Path, module: str) -> ast.AST | None:
    path = folder.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return ast.parse(candidate.read_text())
    return None


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(argument, missing(Path(argument)) or "has them all")
