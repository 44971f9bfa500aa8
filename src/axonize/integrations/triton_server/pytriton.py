"""PyTriton: the callables of a program, which a model of the server hands its requests to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from axonize.guard import guarded
from axonize.integrations.triton_server.batch import Asked, Batch
from axonize.patching import Call, Observer
from axonize.propagation import extract


def handler(call: Call) -> Observer:
    """Trace the callable of a handler, which has become an async generator whatever it was."""
    yield
    given = call.argument("model_callable")
    name = getattr(given, "__qualname__", type(given).__qualname__)
    call.instance._model_callable = _traced(call.instance._model_callable, name)


def _traced(original: Callable[[Any], AsyncIterator[Any]], name: str) -> Any:
    async def traced(requests: Any) -> AsyncIterator[Any]:
        batch = _begin(name, requests)
        try:
            async for responses in original(requests):
                _responded(batch)
                yield responses
        except BaseException as error:
            if batch is not None:
                batch.failed(error)
            raise
        if batch is not None:
            batch.ended()

    return traced


@guarded
def _begin(name: str, requests: Any) -> Batch:
    return Batch(name, [Asked(extract(request.parameters or {}), {}) for request in requests])


@guarded
def _responded(batch: Batch | None) -> None:
    for execution in batch.executions if batch is not None else ():
        execution.responded()
