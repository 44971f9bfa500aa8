"""Requests that are answered through a sender: their spans end with the last response."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

from axonize.guard import guarded
from axonize.integrations.triton_server.batch import Execution

FINAL = 1  # TRITONSERVER_RESPONSE_COMPLETE_FINAL
BACKEND = "c_python_backend_utils"
"""Built into the stub of the server."""


class Responses:
    """Which execution a request or its sender belongs to, by the identity of either."""

    def __init__(self) -> None:
        # Both hold whose id is the key, so that it stays its own.
        self._requests: dict[int, tuple[Any, Execution]] = {}
        self._senders: dict[int, tuple[Any, Execution]] = {}

    @guarded
    def expect(self, requests: Sequence[Any], executions: Sequence[Execution]) -> None:
        """Learn which requests the model is given."""
        for request, execution in zip(requests, executions, strict=True):
            self._requests[id(request)] = request, execution

    @guarded
    def returned(self, requests: Sequence[Any], *, answered: bool) -> None:
        """Learn that the model is done with requests, or leaves their answers to other threads."""
        for request in requests:
            if answered:
                self._requests.pop(id(request), None)
            elif id(request) in self._requests:
                self._requests[id(request)][1].responding = True

    @guarded
    def opened(self, request: Any, sender: Any) -> None:
        """Learn who will respond to a request."""
        _, execution = self._requests.pop(id(request), (None, None))
        if execution is not None:
            execution.responding = True
            self._senders[id(sender)] = sender, execution

    @guarded
    def sent(self, sender: Any, response: Any, flags: int) -> None:
        """Count a response; the one that says so is the last."""
        _, execution = self._senders.get(id(sender), (None, None))
        if execution is None:
            return
        if response is not None:
            execution.responded()
            if response.has_error():
                execution.span.set_status("error", response.error().message())
        if flags & FINAL:
            del self._senders[id(sender)]
            execution.span.end()


def trace_senders(replace: Callable[[Any, str, Any], None]) -> Responses:
    """Follow what models send in this stub, and return what is known of it."""
    backend, responses = sys.modules[BACKEND], Responses()
    get, send = backend.InferenceRequest.get_response_sender, backend.InferenceResponseSender.send

    @functools.wraps(get)
    def get_response_sender(self: Any) -> Any:
        sender = get(self)
        responses.opened(self, sender)
        return sender

    @functools.wraps(send)
    def send_response(self: Any, response: Any = None, flags: int = 0) -> Any:
        done = send(self, response, flags)
        responses.sent(self, response, flags)
        return done

    replace(backend.InferenceRequest, "get_response_sender", get_response_sender)
    replace(backend.InferenceResponseSender, "send", send_response)
    return responses
