"""What an answer says of itself, read whole or as its chunks come."""

from __future__ import annotations

from typing import Any

from axonize import semconv
from axonize.integrations.openai.parts import each, get

ENDED = ("completed", "incomplete", "failed", "cancelled")


class Answer:
    """What is known of the answer of completions, chat completions and embeddings so far."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.model: str | None = None
        self.usage: Any = None
        self.reasons: dict[int, str] = {}
        self.failure: str | None = None

    def add(self, part: Any) -> bool:
        """Note a whole answer or a chunk of one; say whether it brings some of the output."""
        self._identify(part)
        output = False
        for choice in get(part, "choices") or ():
            reason = get(choice, "finish_reason")
            if reason is not None:
                self.reasons[get(choice, "index") or 0] = reason
            output = _has_output(choice) or output
        return output

    def _identify(self, part: Any) -> None:
        if self.model is None:
            self.id, self.model = get(part, "id"), get(part, "model")
        self.usage = get(part, "usage") or self.usage

    @property
    def output_tokens(self) -> int | None:
        """Tokens generated; None where the server has not said."""
        count: int | None = get(self.usage, "completion_tokens", "output_tokens")
        return count

    def attributes(self) -> dict[str, Any]:
        """Return what is known, as attributes."""
        read = get(self.usage, "prompt_tokens_details", "input_tokens_details")
        made = get(self.usage, "completion_tokens_details", "output_tokens_details")
        return {
            semconv.GEN_AI_RESPONSE_ID: self.id,
            semconv.GEN_AI_RESPONSE_MODEL: self.model,
            semconv.GEN_AI_RESPONSE_FINISH_REASONS: [self.reasons[key] for key in self._order()]
            or None,
            semconv.GEN_AI_USAGE_INPUT_TOKENS: get(self.usage, "prompt_tokens", "input_tokens"),
            semconv.GEN_AI_USAGE_OUTPUT_TOKENS: self.output_tokens,
            semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: get(read, "cached_tokens"),
            semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: get(made, "reasoning_tokens"),
        }

    def _order(self) -> list[int]:
        return sorted(self.reasons)


class ResponsesAnswer(Answer):
    """The same for the endpoint "responses", whose streams are of named events."""

    def add(self, part: Any) -> bool:
        """Note a whole response or an event of its stream."""
        kind = get(part, "type")
        response = part if kind is None else get(part, "response")
        if response is not None:
            self._identify(response)
            self._ended(response)
        return isinstance(kind, str) and kind.endswith(".delta")

    def _ended(self, response: Any) -> None:
        status = get(response, "status")
        if status in ENDED:
            self.reasons[0] = get(get(response, "incomplete_details"), "reason") or status
        error = get(response, "error")
        if error is not None:
            self.failure = get(error, "code") or "error"


def _has_output(choice: Any) -> bool:
    delta = get(choice, "delta")
    if delta is None:
        return bool(get(choice, "text"))
    # Whatever it is called: content, refusal, tool calls, the reasoning that servers add.
    return any(value for name, value in each(delta) if name != "role")
