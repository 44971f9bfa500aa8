"""Follows vLLM's front end: where requests begin and where they end, in any way.

What runs in each step or for each request that ends is a closure, as in `scheduler`.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from axonize.guard import guarded, log_internal_error
from axonize.integrations.vllm.context import receive_ride, send_span
from axonize.integrations.vllm.requests import Requests, incoming, introduce, requests_of
from axonize.patching import Call, Observer
from axonize.propagation import extract

Function = Callable[..., Any]
carries_headers = attrgetter("trace_headers")  # nearly none does; this way the loop is in C


def engine_init(call: Call) -> Observer:
    """Learn which engine it is, of an LLMEngine or AsyncLLM."""
    yield
    introduce(call.instance)


def async_add_request(call: Call) -> Observer:
    """Keep the caller's trace headers, which vLLM drops when its own tracing is off."""
    headers = call.argument("trace_headers")
    token = incoming.set(extract(headers) if headers else None)
    try:
        yield
    finally:
        incoming.reset(token)


def add_request(original: Function) -> Function:
    """Begin the request's span and name it to the engine."""

    def add_request(
        self: Any,
        request: Any,
        prompt: Any,
        parent_req: Any = None,
        request_index: int = 0,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        live = None
        try:
            if request.request_id not in self.request_states:  # else more input for a known one
                live = requests_of(self).begin(request, parent_req, request_index)
                send_span(request, live.span)
        except Exception as error:  # noqa: BLE001 - the host goes on
            log_internal_error(error)
        try:
            result = original(self, request, prompt, parent_req, request_index, *args, **kwargs)
        except BaseException as error:
            if live is not None:
                with guarded:
                    requests_of(self).end(request.request_id, "error", type(error).__name__)
            raise
        try:
            if live is not None:
                live.state = self.request_states[request.request_id]
        except Exception as error:  # noqa: BLE001 - as above
            log_internal_error(error)
        return result

    return add_request


def update_stats_from_finished(original: Function) -> Function:
    """End a request as vLLM says, which comes here with statistics off too."""

    def _update_stats_from_finished(
        self: Any, req_state: Any, finish_reason: Any, *args: Any, **kwargs: Any
    ) -> Any:
        result = original(self, req_state, finish_reason, *args, **kwargs)
        try:
            requests_of(self).end(req_state.request_id, finish_reason)
        except Exception as error:  # noqa: BLE001 - the host goes on
            log_internal_error(error)
        return result

    return _update_stats_from_finished


def finish_request(original: Function) -> Function:
    """Note a request that vLLM lets go; how it ended is said afterwards, or never."""

    def _finish_request(self: Any, req_state: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, req_state, *args, **kwargs)
        try:
            requests = requests_of(self)
            if requests.processing:
                requests.ending.append(req_state.request_id)
            else:
                requests.end(req_state.request_id, "stop")  # a session's input, after its output
        except Exception as error:  # noqa: BLE001 - as above
            log_internal_error(error)
        return result

    return _finish_request


def abort_requests(call: Call) -> Observer:
    """End requests that nobody waits for any more."""
    aborted = yield
    for request_id in aborted:
        requests_of(call.instance).end(request_id, "abort")


def propagate_error(call: Call) -> Observer:
    """End all requests: the engine of an AsyncLLM is dead."""
    requests_of(call.instance).end_all(call.argument("e"))
    yield


def step(original: Function) -> Function:
    """End all requests when the engine of an LLMEngine is dead."""

    def step(self: Any) -> Any:
        try:
            return original(self)
        except BaseException as error:
            with guarded:
                requests_of(self.output_processor).end_all(error)
            raise

    return step


def process_outputs(original: Function) -> Function:
    """Take what the engine tells with the last output of a request; once for each engine step."""

    def process_outputs(self: Any, engine_core_outputs: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            requests = requests_of(self)
            requests.processing = True
            for output in filter(carries_headers, engine_core_outputs):
                _told(requests, output)
        except Exception as error:  # noqa: BLE001 - the host goes on
            log_internal_error(error)
        processed = original(self, engine_core_outputs, *args, **kwargs)
        try:
            if requests.ending:
                requests.processed()
            requests.processing = False
        except Exception as error:  # noqa: BLE001 - as above
            log_internal_error(error)
        return processed

    return process_outputs


def _told(requests: Requests, output: Any) -> None:
    told = receive_ride(output)
    live = requests.live.get(output.request_id)
    if live is not None:
        live.told = told
