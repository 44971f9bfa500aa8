"""What every program asks: a chat, the same as a stream, and a model that does not exist."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import openai

QUESTION: Any = [{"role": "user", "content": "What is the capital of France?"}]


def make() -> None:
    """Make the three calls, one after the other."""
    client = openai.OpenAI(max_retries=0)
    client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, temperature=0.5)
    stream = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=QUESTION,
        stream=True,
        stream_options={"include_usage": True},
    )
    for _ in stream:
        pass
    with suppress(openai.NotFoundError):
        client.chat.completions.create(model="gpt-none", messages=QUESTION)
