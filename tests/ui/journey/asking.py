"""A client that knows nothing of Axonize: chats, a choice of two, a leaver, a refusal, a crowd.

python -m tests.ui.journey.asking URL
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import openai

FOX = "The quick brown fox jumps over the lazy dog. "
CROWD = 6
LONG = 150  # tokens: six times as many do not fit into the cache


def say(text: str) -> Any:
    return [{"role": "user", "content": text}]


def ask(client: openai.OpenAI) -> list[Any]:
    """Return what was answered to one request after the other: usages, then the refusal."""
    chat, complete = client.chat.completions.create, client.completions.create
    told: dict[str, Any] = {"model": "tiny", "extra_body": {"ignore_eos": True}}
    plain = chat(messages=say("Why was it slow?"), max_tokens=12, **told)
    counted = {"include_usage": True}
    stream = chat(messages=say(FOX), max_tokens=40, stream=True, stream_options=counted, **told)
    streamed = [chunk.usage for chunk in stream if chunk.usage]
    two = complete(prompt=FOX, n=2, max_tokens=16, **told)
    with complete(prompt=FOX, max_tokens=200, stream=True, **told) as leaving:
        for _ in range(3):
            next(leaving)
    try:
        complete(prompt=FOX * 60, **told)
    except openai.BadRequestError as error:
        refused = error.status_code
    return [plain.usage.to_dict(), streamed[0].to_dict(), two.usage.to_dict(), refused]


async def crowd(url: str) -> list[Any]:
    """Return the usage of completions asked for all at once: more than the cache holds."""
    async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:
        answers = [
            client.completions.create(
                model="tiny",
                prompt=FOX * (1 + number % 3),
                max_tokens=LONG,
                extra_body={"ignore_eos": True},
            )
            for number in range(CROWD)
        ]
        return [each.usage.to_dict() for each in await asyncio.gather(*answers)]


def main() -> None:
    (url,) = sys.argv[1:]
    with openai.OpenAI(base_url=url, api_key="none") as client:
        asked = ask(client)
    print(json.dumps({"asked": asked, "crowd": asyncio.run(crowd(url))}))


if __name__ == "__main__":
    main()
