"""Writes the parts of the pages that are made from the code: python docs/generate.py.

A page marks such a part with `<!-- NAME -->` before it and `<!-- end of NAME -->` after it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from axonize_server.app import openapi_document
from axonize_server.settings import ServerSettings

from axonize.config import Config, render_table

DOCS = Path(__file__).parent


def render_routes() -> str:
    """Write every operation of the REST API as Markdown, by its tag, from the OpenAPI document."""
    document = json.loads(openapi_document())
    by_tag: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            text = "\n".join(_operation(path, method, operation, document))
            by_tag.setdefault(operation["tags"][0], []).append(text)
    return "\n\n".join(f"## {tag}\n\n" + "\n".join(texts) for tag, texts in by_tag.items())


def _operation(
    path: str, method: str, operation: dict[str, Any], document: dict[str, Any]
) -> Iterator[str]:
    yield f"### {operation['summary']}\n\n`{method.upper()} {path}`\n\n{operation['description']}\n"
    parameters = [*operation.get("parameters", ()), *_body(operation, document)]
    if parameters:
        yield "| parameter | in | type | what it is |\n| --- | --- | --- | --- |"
        yield from map(_parameter, parameters)
        yield ""
    yield f"Answers: {', '.join(sorted(operation['responses']))}.\n"


def _body(operation: dict[str, Any], document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {})
    for media_type in content.values():
        name = media_type["schema"].get("$ref", "").rpartition("/")[2]
        schema = document["components"]["schemas"].get(name, {})
        for field, described in schema.get("properties", {}).items():
            required = field in schema.get("required", ())
            yield {"name": field, "in": "body", "schema": described, "required": required}


def _parameter(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    says = parameter.get("description") or schema.get("description", "")
    needed = "" if parameter.get("required") else " (optional)"
    cells = (f"`{parameter['name']}`", parameter["in"] + needed, _type(schema), says)
    return f"| {' | '.join(' '.join(cell.replace('|', '&#124;').split()) for cell in cells)} |"


def _type(schema: dict[str, Any]) -> str:
    if values := [f"`{value}`" for value in schema.get("enum", ()) if value is not None]:
        return ", ".join(values)
    kinds = [_type(each) for each in (*schema.get("oneOf", ()), *schema.get("anyOf", ()))]
    if kinds:
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind != "null"))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = schema.get("type") or schema.get("$ref", "").rpartition("/")[2]
    return kind if isinstance(kind, str) else " or ".join(each for each in kind if each != "null")


PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "settings.md": {
        "settings of the SDK": lambda: render_table(Config),
        "settings of the server": lambda: render_table(ServerSettings),
    },
    "rest.md": {"routes": render_routes},
}

# Long, and changed by every route: the site makes it, so that the repository need not follow.
SITE_ONLY = {"rest.md"}


def render(page: str) -> str:
    """Return the text of a page with its generated parts as they are now."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for name, write in PARTS[page].items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        part = f"{begin}\n{write().strip()}\n\n{end}"
        text, found = pattern.subn(lambda _, part=part: part, text)
        if found != 1:
            raise ValueError(f"{page} has {found} parts named {name}")
    return text


def main() -> None:
    """Write every page that has generated parts, but those that only the site shows."""
    for page in PARTS.keys() - SITE_ONLY:
        (DOCS / page).write_text(render(page), encoding="utf-8")


if __name__ == "__main__":
    main()
