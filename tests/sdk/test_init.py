"""The public functions: init, flush, shutdown, and what importing costs."""

from __future__ import annotations

import logging
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import axonize
from axonize import guard, lifecycle, status
from axonize.testing import capture_spans
from axonize.version import VERSION
from tests.sdk.export.collectors import Collector, fails, grpc_collector, http_collector


@pytest.fixture
def collector() -> Iterator[Collector]:
    with grpc_collector() as collector:
        yield collector


@pytest.fixture(autouse=True)
def _leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AXONIZE_STATUS_DIR", str(tmp_path))
    monkeypatch.setenv("AXONIZE_INTEGRATIONS", "none")
    yield
    axonize.shutdown()


def end_spans(*names: str) -> None:
    for name in names:
        with axonize.span(name):
            pass


def resource_of(collector: Collector) -> dict[str, str]:
    resource = collector.requests[-1].resource_spans[0].resource
    return {each.key: each.value.string_value for each in resource.attributes}


def test_from_span_to_collector(collector: Collector) -> None:
    axonize.init(endpoint=collector.address, service_name="chat", environment="test")
    assert axonize.initialized()
    with axonize.span("request", {"user": "u"}, kind="server") as request:
        assert axonize.current_span() is request
        end_spans("child")
    assert axonize.flush(120)
    assert collector.names == ["child", "request"]
    found = resource_of(collector)
    assert (found["service.name"], found["deployment.environment.name"]) == ("chat", "test")
    assert found["telemetry.sdk.version"] == VERSION


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=t")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=from-attributes,zone=b")
        axonize.init()
        end_spans("a")
        assert axonize.flush(120)
        assert collector.headers[0]["x-tenant"] == "t"
        assert resource_of(collector)["service.name"] == "from-attributes"
        assert resource_of(collector)["zone"] == "b"


def test_before_init_and_after_shutdown_spans_go_nowhere(collector: Collector) -> None:
    end_spans("before")
    assert axonize.flush(0)
    axonize.shutdown()
    axonize.init(endpoint=collector.address)
    end_spans("between")
    axonize.shutdown()
    assert not axonize.initialized()
    end_spans("after")
    assert axonize.flush(0)
    assert collector.names == ["between"]


def test_second_init_replaces_the_first(collector: Collector) -> None:
    axonize.init(endpoint=collector.address, service_name="first")
    end_spans("a")
    with grpc_collector() as other:
        axonize.init(endpoint=other.address, service_name="second")
        assert collector.names == ["a"]
        end_spans("b")
        assert axonize.flush(120)
        assert (collector.names, other.names) == (["a"], ["b"])
        assert resource_of(other)["service.name"] == "second"


def test_bad_argument_raises_and_changes_nothing(collector: Collector) -> None:
    axonize.init(endpoint=collector.address)
    with pytest.raises(ValueError, match="batch_size=0: expected at least 1"):
        axonize.init(batch_size=0)
    end_spans("still there")
    assert axonize.flush(120)
    assert collector.names == ["still there"]


def test_bad_environment_is_one_warning(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setenv("AXONIZE_BATCH_SIZE", "many")
    monkeypatch.setenv("AXONIZE_SAMPLING_RATE", "2")
    axonize.init(endpoint=collector.address)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("axonize", logging.WARNING)
    assert record.message.split("; ") == [
        "AXONIZE_BATCH_SIZE='many': expected a whole number",
        "using the default",
        "AXONIZE_SAMPLING_RATE='2': expected at most 1.0",
        "using the default",
    ]
    end_spans("a")
    assert axonize.flush(120)


def test_bad_environment_raises_when_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXONIZE_BATCH_SIZE", "many")
    with pytest.raises(ValueError, match="AXONIZE_BATCH_SIZE='many'"):
        axonize.init()


def test_disabled(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    axonize.init(endpoint=collector.address)
    assert axonize.initialized()
    end_spans("a")
    assert axonize.flush(0)
    axonize.shutdown()
    assert collector.attempts == 0


def test_sampling(collector: Collector) -> None:
    axonize.init(endpoint=collector.address, sampling_rate=0.0, batch_size=4)
    end_spans(*["quick"] * 10)
    with pytest.raises(RuntimeError), axonize.span("root"), axonize.span("child"):
        fail()
    assert axonize.flush(120)
    assert collector.names == ["child", "root"]
    axonize.init(
        endpoint=collector.address,
        sampling_rate=0.0,
        always_sample_errors=False,
        always_sample_slow=False,
    )
    with pytest.raises(RuntimeError), axonize.span("lost"):
        fail()
    assert axonize.flush(120)
    assert collector.names == ["child", "root"]


def fail() -> None:
    raise RuntimeError


def test_wakes_at_a_full_batch(collector: Collector) -> None:
    axonize.init(endpoint=collector.address, batch_size=10, flush_interval_ms=60_000)
    end_spans(*["a"] * 10)
    collector.wait_for(lambda: len(collector.names) == 10)
    end_spans(*["b"] * 10)
    collector.wait_for(lambda: len(collector.names) == 20)


def test_capturing_spans_is_a_detour(collector: Collector) -> None:
    axonize.init(endpoint=collector.address)
    with capture_spans() as captured:
        end_spans("captured")
    end_spans("sent")
    assert axonize.flush(120)
    assert [span.name for span in captured.spans] == ["captured"]
    assert collector.names == ["sent"]


def test_status_of_a_working_process(collector: Collector) -> None:
    import grpc

    axonize.init(endpoint=collector.address, service_name="chat", buffer_size=2)
    collector.answers.append(fails(grpc.StatusCode.INVALID_ARGUMENT))
    lost: dict[str, Any] = {
        "buffer full": 0,
        "sampling buffer full": 0,
        "rejected": 1,
        "expired": 0,
        "exit": 0,
        "failed": 0,
    }
    end_spans("a")
    assert not axonize.flush(120)
    end_spans("b")
    assert axonize.flush(120)
    found = status.describe()
    assert (found["service"], found["endpoint"]) == ("chat", collector.address)
    assert (found["exported"], found["waiting"], found["retrying"]) == (1, 0, 0)
    assert found["dropped"] == lost
    assert found["last_error"] == "INVALID_ARGUMENT told to fail"
    assert [process["service"] for process in status.read_all()] == ["chat"]
    axonize.shutdown()
    assert status.read_all() == []
    assert status.describe()["service"] is None


def test_no_thread_before_the_first_span(collector: Collector) -> None:
    import threading

    axonize.init(endpoint=collector.address)
    names = [thread.name for thread in threading.enumerate()]
    assert "axonize" not in names
    end_spans("a")
    assert "axonize" in [thread.name for thread in threading.enumerate()]


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


def test_no_module_takes_a_public_name() -> None:
    modules = {module.name for module in pkgutil.iter_modules(axonize.__path__)}
    assert modules.isdisjoint(axonize.__all__)


def test_span_and_llm_span_are_the_classes() -> None:
    program = (
        "import axonize, axonize.spans\n"
        "from axonize.speed import Span\n"
        "print(axonize.span is Span, axonize.llm_span is axonize.LLMSpan, axonize.current_span())"
    )
    assert python(program) == "True True None"


def test_an_unknown_name_is_an_attribute_error() -> None:
    program = "import axonize\ntry: axonize.spam\nexcept AttributeError as error: print(error)"
    assert python(program) == "module 'axonize' has no attribute 'spam'"


def test_version_is_that_of_the_package() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    assert f'\nversion = "{axonize.__version__}"\n' in project.read_text()


def test_pipeline_is_gone_after_shutdown(collector: Collector) -> None:
    axonize.init(endpoint=collector.address)
    axonize.shutdown()
    axonize.shutdown()
    assert lifecycle.flush(0)
