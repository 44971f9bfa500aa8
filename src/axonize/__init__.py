"""Observability for AI inference: why a request was slow, which GPU work it was, what it cost."""

from __future__ import annotations

# Every traced process runs this file at its start, so what it imports waits for its first use:
# it then costs 0.3 ms and not 30. `typing` alone would be 3 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from axonize.context import ROOT, SpanContext
    from axonize.export.exporter import Exporter
    from axonize.llm import LLMSpan
    from axonize.propagation import extract, inject
    from axonize.speed import Span
    from axonize.tracer import trace

    span = Span
    llm_span = LLMSpan
    current_span: Callable[[], Span | None]
    __version__: str

__all__ = [
    "ROOT",
    "LLMSpan",
    "Span",
    "SpanContext",
    "__version__",
    "current_span",
    "extract",
    "flush",
    "init",
    "initialized",
    "inject",
    "llm_span",
    "shutdown",
    "span",
    "trace",
]

_HOMES = {
    "LLMSpan": "llm:LLMSpan",
    "ROOT": "context:ROOT",
    "Span": "speed:Span",
    "SpanContext": "context:SpanContext",
    "__version__": "version:VERSION",
    "current_span": "speed:current_span.get",
    "extract": "propagation:extract",
    "inject": "propagation:inject",
    "llm_span": "llm:LLMSpan",
    "span": "speed:Span",
    "trace": "tracer:trace",
}
_initialized = False


def init(
    *,
    endpoint: str | None = None,
    protocol: str | None = None,
    headers: Mapping[str, str] | None = None,
    api_key: str | None = None,
    certificate: str | None = None,
    compression: str | None = None,
    service_name: str | None = None,
    environment: str | None = None,
    resource_attributes: Mapping[str, str] | None = None,
    disabled: bool | None = None,
    batch_size: int | None = None,
    flush_interval_ms: int | None = None,
    buffer_size: int | None = None,
    retry_buffer_mb: int | None = None,
    export_timeout_ms: int | None = None,
    exit_timeout_ms: int | None = None,
    sampling_rate: float | None = None,
    always_sample_errors: bool | None = None,
    always_sample_slow: bool | None = None,
    slow_threshold_ms: float | None = None,
    gpu_profiling: bool | None = None,
    gpu_snapshot_interval_ms: int | None = None,
    cost_per_hour_usd: Mapping[str, float] | None = None,
    engine_gpus: Sequence[str] | None = None,
    integrations: Sequence[str] | None = None,
    disabled_integrations: Sequence[str] | None = None,
    capture_content: bool | None = None,
    health_interval_ms: int | None = None,
    status_dir: str | None = None,
    exporter: Exporter | None = None,
) -> None:
    """Begin to record and send; called again, it replaces the settings.

    What is not given comes from the environment, else from the defaults: docs/settings.md. An
    exporter of your own takes the place of the endpoint. Raises ValueError for a bad argument; a
    bad environment variable is logged and ignored.
    """
    global _initialized
    arguments = dict(locals())
    del arguments["exporter"]
    from axonize import lifecycle

    lifecycle.begin(arguments, exporter)
    _initialized = True


def initialized() -> bool:
    """Tell whether init() was called and shutdown() was not."""
    return _initialized


def flush(timeout: float = 5.0) -> bool:
    """Send every span that has ended; true once the collector has acknowledged all of them.

    timeout: seconds. Spans of a trace whose sampling is not decided yet are not waited for.
    """
    if not _initialized:
        return True
    from axonize import lifecycle

    return lifecycle.flush(timeout)


def shutdown(timeout: float | None = None) -> None:
    """Send what waits, for at most `timeout` seconds (`exit_timeout_ms` by default), and stop."""
    global _initialized
    if not _initialized:
        return
    from axonize import lifecycle

    _initialized = False
    lifecycle.replace(None, timeout)


def __getattr__(name: str) -> object:
    """Load a public name with its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, _, path = _HOMES[name].partition(":")
    found: object = import_module(f"axonize.{module}")
    for part in path.split("."):
        found = getattr(found, part)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Name what is public, loaded or not."""
    return __all__
