"""One warning names the hooks that this vLLM has no place for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from axonize import patching
from axonize.integrations.vllm.missing import warn_of_missing
from axonize.patching import Call, Integration, Observer, Patch


def observe(_: Call) -> Observer:
    yield


@pytest.fixture
def older() -> Iterator[None]:
    """An older vLLM: two hooks have no place, one of which is not needed there."""
    module = "vllm.v1.engine.output_processor"
    targets = (
        "OutputProcessor.not_yet",
        "OutputProcessor._finish_request",
        "OutputProcessor.add_request",
    )
    integration = Integration(
        "vllm", "vllm", tuple(Patch(module, each, observe) for each in targets)
    )
    __import__(module)
    patching.install(integration)
    warn_of_missing.cache_clear()
    yield
    patching.uninstall(integration)
    warn_of_missing.cache_clear()


@pytest.mark.usefixtures("older")
def test_what_is_missing_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_missing()
    warn_of_missing()
    (message,) = caplog.messages
    assert "has no vllm.v1.engine.output_processor:OutputProcessor.not_yet" in message
    assert "add_request" not in message
