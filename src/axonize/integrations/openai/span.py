"""The span of one request: from the call of the client to the last the host reads of the answer."""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping
from typing import Any

from axonize import semconv
from axonize.guard import guarded
from axonize.integrations.openai.answers import Answer, ResponsesAnswer
from axonize.llm import latencies
from axonize.recording import record_failure
from axonize.speed import Span


class RequestSpan(Span):
    """Knows the answer as far as it has come; ends when that is whole, broken or given up."""

    __slots__ = ("_answer", "_began", "_chunks", "_resends", "_single", "_times", "reading")

    def __init__(self, path: str, attributes: Mapping[str, Any], choices: int) -> None:
        operation, model = (
            attributes[name]
            for name in (semconv.GEN_AI_OPERATION_NAME, semconv.GEN_AI_REQUEST_MODEL)
        )
        super().__init__(f"{operation} {model}" if model else operation, attributes, kind="client")
        self._answer = ResponsesAnswer() if path == "responses" else Answer()
        self._single = choices == 1
        self._times = array("q")
        self._chunks: int | None = None
        self._resends = 0
        self.reading = False  # the library is at work on the answer: what it closes, it has read
        self._began = time.monotonic_ns()

    def resent(self, status: int | None) -> None:
        """Note a retry; `status` is the answer that made it necessary, None without one."""
        self._resends += 1
        self.add_event("retry", {semconv.HTTP_RESPONSE_STATUS_CODE: status})

    def answered(self, answer: Any) -> None:
        """Note the whole answer, which is the end."""
        try:
            self._answer.add(answer)
        finally:
            self.finish()

    def streams(self) -> None:
        """Note that the answer comes in chunks."""
        self._chunks = 0

    @guarded
    def came(self, chunk: Any) -> None:
        """Note a chunk that is about to be given to the host."""
        now = time.monotonic_ns()
        self._chunks = (self._chunks or 0) + 1
        if self._answer.add(chunk):
            self._times.append(now)

    @guarded
    def given_up(self) -> None:
        """Note that the host reads no further."""
        if not self.ended and not self.reading:
            if self._chunks is not None:
                self.set_attribute(semconv.STREAM_INCOMPLETE, True)
            self.finish()

    @guarded
    def failed(self, error: BaseException) -> None:
        """Note what broke the request or its answer."""
        status = getattr(error, "status_code", None)
        self.set_attribute(semconv.HTTP_RESPONSE_STATUS_CODE, status)
        record_failure(self, error)
        self.finish()

    @guarded
    def finish(self) -> None:
        """Write down what is known, and end."""
        try:
            self._summarize()
        finally:
            self.end()

    def _summarize(self) -> None:
        self.set_attributes(self._answer.attributes())
        self.set_attribute(semconv.STREAM_CHUNKS, self._chunks)
        if self._resends:
            self.set_attribute(semconv.HTTP_REQUEST_RESEND_COUNT, self._resends)
        if self._answer.failure:
            self.set_attribute(semconv.ERROR_TYPE, self._answer.failure)
            self.set_status("error")
        if self._times:
            self.set_attributes(self._latencies())

    def _latencies(self) -> dict[str, float]:
        tokens = self._answer.output_tokens if self._single else None
        found = latencies(self._began, self._times, tokens or len(self._times))
        if tokens is None:
            found.pop(semconv.TPOT_MS, None)  # a chunk may hold any number of tokens
        return found
