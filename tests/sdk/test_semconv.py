"""Attribute names: written once, and OpenTelemetry's where OpenTelemetry has one."""

from __future__ import annotations

import re
from pathlib import Path

from opentelemetry import semconv as opentelemetry

from axonize import semconv

NAMES = {name: value for name, value in vars(semconv).items() if name.isupper()}


def conventions() -> set[str]:
    """All names in the constants of OpenTelemetry's package, stable and in development."""
    (folder,) = map(Path, opentelemetry.__path__)
    text = "".join(path.read_text() for path in folder.rglob("attributes/*_attributes.py"))
    return set(re.findall(r'Final = "(.+)"', text))


def test_each_name_once() -> None:
    assert len(set(NAMES.values())) == len(NAMES)


def test_constants_are_named_after_their_values() -> None:
    for name, value in NAMES.items():
        assert name == value.removeprefix("axonize.").upper().replace(".", "_")


# Axonize's own, and the names that Triton's own trace gives.
OTHERS = ("axonize.", "cost.", "triton.")


def test_known_to_opentelemetry() -> None:
    own = {value for value in NAMES.values() if not value.startswith(OTHERS)}
    assert own - conventions() == set()
