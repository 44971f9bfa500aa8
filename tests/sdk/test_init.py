"""The package loads with its first use, and its public names are what they say."""

from __future__ import annotations

import subprocess
import sys

import pytest


def python(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_import_loads_nothing_but_the_package() -> None:
    program = (
        "import __future__, sys; before = set(sys.modules)\n"
        "import axonize; print(sorted(set(sys.modules) - before))"
    )
    assert python(program) == "['axonize']"


def test_every_public_name_is_there_and_listed() -> None:
    program = (
        "import axonize\n"
        "assert dir(axonize) == sorted(axonize.__all__)\n"
        "print(all(getattr(axonize, name) is not None for name in axonize.__all__))"
    )
    assert python(program) == "True"


@pytest.mark.parametrize(
    "before",
    ["", "import axonize.span", "axonize.init(disabled=True)", "from axonize import patching"],
)
def test_span_is_the_class_whatever_was_imported_before(before: str) -> None:
    program = (
        f"import axonize\n{before}\n"
        "from axonize.speed import Span\n"
        "print(axonize.span is Span, axonize.llm_span is axonize.LLMSpan, type(axonize).__name__)\n"
        "import axonize.span as again\n"
        "print(axonize.span is Span, axonize.current_span())"
    )
    assert python(program) == "True True module\nTrue None"


def test_an_unknown_name_is_an_attribute_error() -> None:
    program = "import axonize\ntry: axonize.spam\nexcept AttributeError as error: print(error)"
    assert python(program) == "module 'axonize' has no attribute 'spam'"


def test_the_version_is_that_of_the_release() -> None:
    program = (
        "import axonize; from importlib.metadata import version\n"
        "print(axonize.__version__ == version('axonize'))"
    )
    assert python(program) == "True"
