"""Every hook is where the installed vLLM has it, and a name that is not there is found out."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tests.integrations.vllm.sources import defines, missing


def installed() -> Path:
    spec = importlib.util.find_spec("vllm")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parents[1]


def test_the_installed_version_has_every_hook() -> None:
    assert missing(installed()) == []


def test_a_method_may_be_inherited_and_may_be_missing() -> None:
    assert defines(installed(), "vllm.entrypoints.llm", "LLM.embed")
    assert not defines(installed(), "vllm.entrypoints.llm", "LLM.no_such_method")
