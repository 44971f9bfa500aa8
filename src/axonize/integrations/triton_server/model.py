"""The Python models of a server: what its stub process imports, initializes and executes.

The stub imports a model's file as a module that is named by its version, such as `1.model`.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

from axonize import semconv
from axonize.context import SpanContext
from axonize.finder import when_numbered_imported
from axonize.guard import guarded
from axonize.integrations.triton_server.batch import Asked, Batch
from axonize.integrations.triton_server.bls import trace_calls
from axonize.integrations.triton_server.responses import Responses, trace_senders
from axonize.propagation import TRACESTATE, extract
from axonize.speed import Span

_traceparent = re.compile(
    r'"traceparent":"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"'
)
_undo: list[Callable[[], None]] = []
_waiting = False


def trace_models() -> None:
    """Trace every model that this process has imported, or is to import."""
    global _waiting
    if not _waiting:
        _waiting = True
        when_numbered_imported(trace_model)


def trace_no_more() -> None:
    """Leave the models as they were."""
    global _waiting
    _waiting = False
    while _undo:
        _undo.pop()()


def trace_model(module: ModuleType) -> None:
    """Trace the model that a file defines, if it is a model's file."""
    model = vars(module).get("TritonPythonModel")
    if model is None or not _waiting:
        return
    about = _About(module.__name__)
    _replace(model, "initialize", _initialize(getattr(model, "initialize", None), about))
    _replace(model, "execute", _execute(model.execute, about))


def _replace(owner: Any, name: str, replacement: Any) -> None:
    before = vars(owner).get(name)
    setattr(owner, name, replacement)
    _undo.append(lambda: delattr(owner, name) if before is None else setattr(owner, name, before))


class _About:
    """What the server tells a model's instance when it begins."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.gpu: str | None = None
        self.attributes: dict[str, Any] = {}
        self.responses: Responses | None = None

    @guarded
    def learn(self, args: dict[str, str]) -> None:
        self.name = args["model_name"]
        is_gpu = args["model_instance_kind"] == "GPU"
        device = f"cuda:{args['model_instance_device_id']}" if is_gpu else "cpu"
        self.gpu = device if is_gpu else None
        self.attributes = {
            semconv.TRITON_MODEL_NAME: self.name,
            semconv.TRITON_MODEL_VERSION: args["model_version"],
            semconv.TRITON_SERVER_INSTANCE: args["model_instance_name"],
            semconv.DEVICE: device,
        }

    @guarded
    def begin(self, requests: Any) -> Batch:
        if self.responses is None:  # its classes are there only when the model is
            self.responses = trace_senders(_replace)
            trace_calls(_replace)
        size = len(requests)
        batch = Batch(self.name, [self._asked(request, size) for request in requests], self.gpu)
        self.responses.expect(requests, batch.executions)
        return batch

    @guarded
    def end(self, batch: Batch, requests: Any, responses: Any) -> None:
        if self.responses is not None:
            self.responses.returned(requests, answered=responses is not None)
        batch.ended([_error(response) for response in responses or ()])

    @guarded
    def fail(self, batch: Batch, requests: Any, error: BaseException) -> None:
        if self.responses is not None:
            self.responses.returned(requests, answered=True)
        batch.failed(error)

    def _asked(self, request: Any, size: int) -> Asked:
        attributes = {
            **self.attributes,
            semconv.TRITON_REQUEST_ID: request.request_id() or None,
            semconv.TRITON_SERVER_SEQUENCE_ID: request.correlation_id() or None,
            semconv.BATCH_SIZE: size,
        }
        return Asked(_caller(request), attributes)


def _caller(request: Any) -> Any:
    """Return the span of the server's own trace, or else of the client's."""
    trace: Any = request.trace()
    context = trace.get_context() if hasattr(trace, "get_context") else None
    return (_read(context) if context else None) or _read(request.parameters())


def _read(text: str | None) -> SpanContext | None:
    """Read the caller's span from JSON: at once where it is as our client writes it."""
    if not text or text == "{}":
        return None
    usual = None if TRACESTATE in text else _traceparent.search(text)
    if usual is None:
        return extract(json.loads(text))
    trace_id, span_id, flags = usual.groups()
    return SpanContext(trace_id, span_id, int(flags, 16) & 1)


def _error(response: Any) -> str | None:
    return response.error().message() if response is not None and response.has_error() else None


def _initialize(original: Any, about: _About) -> Any:
    if original is None:
        # The server looks whether there is one, and tells the model's name to it alone.
        return lambda _, args: about.learn(args)

    @functools.wraps(original)
    def initialize(self: Any, args: dict[str, str]) -> Any:
        about.learn(args)
        with Span(f"initialize {about.name}", {**about.attributes, semconv.SETUP: True}):
            return original(self, args)

    return initialize


def _execute(original: Any, about: _About) -> Any:
    if inspect.iscoroutinefunction(original):
        return _execute_async(original, about)

    @functools.wraps(original)
    def execute(self: Any, requests: Any) -> Any:
        batch = about.begin(requests)
        if batch is None:
            return original(self, requests)
        try:
            responses = original(self, requests)
        except BaseException as error:
            about.fail(batch, requests, error)
            raise
        about.end(batch, requests, responses)
        return responses

    return execute


def _execute_async(original: Any, about: _About) -> Any:
    @functools.wraps(original)
    async def execute(self: Any, requests: Any) -> Any:
        batch = about.begin(requests)
        if batch is None:
            return await original(self, requests)
        try:
            responses = await original(self, requests)
        except BaseException as error:
            about.fail(batch, requests, error)
            raise
        about.end(batch, requests, responses)
        return responses

    return execute
