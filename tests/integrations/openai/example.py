"""One use of the library, for the checks that every integration has to pass."""

from __future__ import annotations

import asyncio
from typing import Any

import openai

from tests.integrations.openai.server import serving

MESSAGES: Any = [{"role": "user", "content": "count"}]


def example() -> list[Any]:
    """Return what the library answers, the same each time."""
    with serving() as server:
        server.busy = 1
        with openai.OpenAI(base_url=server.url, api_key="none") as client:
            chat = client.chat.completions.create(model="tiny", messages=MESSAGES)
            stream = client.chat.completions.create(model="tiny", messages=MESSAGES, stream=True)
            chunks = [chunk.to_dict() for chunk in stream]
            raw = client.embeddings.with_raw_response.create(model="tiny", input="x")
            embedded = raw.parse().to_dict()
        server.busy = 1
        return [chat.to_dict(), chunks, embedded, *asyncio.run(asynchronously(server.url))]


async def asynchronously(url: str) -> list[Any]:
    async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:
        answer = await client.responses.create(model="tiny", input="count")
        stream = await client.responses.create(model="tiny", input="count", stream=True)
        return [answer.to_dict(), [event.to_dict() async for event in stream]]
