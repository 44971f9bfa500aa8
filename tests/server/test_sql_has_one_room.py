"""SQL stands in store, in sql.py and *_sql.py, and in the migrations, nowhere else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import axonize_server
import pytest

ROOT = Path(axonize_server.__file__).parent
SQL = re.compile(
    r"\b(SELECT\s+\S|INSERT\s+INTO\b|CREATE\s+(TABLE|DATABASE|VIEW)\b|ALTER\s+TABLE\b|DROP\s+TABLE\b"
    r"|DELETE\s+FROM\b|UPDATE\s+\w+\s+SET\b)"
)


def texts(source: str) -> list[str]:
    """Return every string of a module that is not a docstring."""
    tree = ast.parse(source)
    docstrings = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings
    ]


def is_sql(path: Path) -> bool:
    in_store = path.is_relative_to(ROOT / "store")
    return in_store and (path.name == "sql.py" or path.name.endswith("_sql.py"))


MODULES = sorted(path for path in ROOT.rglob("*.py") if not is_sql(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_outside_the_room_holds_no_sql(path):
    assert [text for text in texts(path.read_text()) if SQL.search(text)] == []


def test_the_search_finds_sql_where_it_is():
    for name in ("clickhouse", "postgres"):
        source = (ROOT / "store" / name / "sql.py").read_text()
        assert any(SQL.search(text) for text in texts(source))
