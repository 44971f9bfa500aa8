"""Every way in which vLLM's own OutputProcessor lets a request go ends its span."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import vllm.v1.engine as engine
from vllm import SamplingParams
from vllm.v1.engine import EngineCoreOutput, FinishReason
from vllm.v1.engine.output_processor import OutputProcessor, RequestOutputCollector

from axonize import patching
from axonize.integrations.vllm import VLLM
from tests.integrations.conftest import Recorded
from tests.integrations.vllm.test_asked import request

REJECTS = "error" in EngineCoreOutput.__struct_fields__


@pytest.fixture
def processor() -> Iterator[Any]:
    """A processor that has been given one request."""
    patching.install(VLLM)
    found: Any = OutputProcessor(None, log_stats=False)
    params = SamplingParams(detokenize=False)
    made = request("a-1", sampling_params=params, external_req_id="a", arrival_time=time.time())
    found.add_request(made, "hi", None, 0, RequestOutputCollector(params.output_kind, "a-1"))
    yield found
    patching.uninstall(VLLM)


def ended(recorded: Recorded) -> tuple[str, str, object]:
    """Return the status, finish reason and cause of the one request."""
    (span,) = [each for each in recorded.spans() if "gen_ai.response.id" in each.attributes]
    (reason,) = span.attributes["gen_ai.response.finish_reasons"]
    return span.status, reason, span.attributes.get("error.type")


def test_an_answer_that_is_complete(processor: Any, recorded: Recorded) -> None:
    processor.process_outputs([EngineCoreOutput("a-1", [7], finish_reason=FinishReason.LENGTH)])
    assert ended(recorded) == ("unset", "length", None)


def test_an_abort(processor: Any, recorded: Recorded) -> None:
    processor.abort_requests(["a-1"], internal=True)
    assert ended(recorded) == ("unset", "abort", None)


def test_a_dead_engine(processor: Any, recorded: Recorded) -> None:
    processor.propagate_error(RuntimeError("dead"))
    assert ended(recorded) == ("error", "error", "RuntimeError")


@pytest.mark.skipif(not REJECTS, reason="vLLM 0.33 and later reject where they are paused")
def test_a_paused_engine_that_rejects(processor: Any, recorded: Recorded) -> None:
    error_type = getattr(engine, "RequestError")  # noqa: B009 - not in 0.32
    error = error_type(code="engine_paused", message="paused", retryable=True)
    refused = EngineCoreOutput("a-1", [], finish_reason=FinishReason.ERROR, error=error)
    processor.process_outputs([refused])
    assert ended(recorded) == ("error", "error", "rejected")
