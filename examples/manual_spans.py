"""A question answered in three steps, each with a span of its own: retrieve, rank, answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import axonize

DOCUMENTS = (
    "A span is one piece of work with a beginning and an end.",
    "A trace is all spans of one request.",
    "The time to the first token is what a user waits for.",
    "A batch is several requests that share a step.",
)


@axonize.trace
async def retrieve(question: str) -> list[str]:
    """Ask two indexes at once; their spans lie side by side below this one."""
    keywords, neighbours = await asyncio.gather(
        search("keywords", question), search("vectors", question)
    )
    return [*keywords, *neighbours]


async def search(index: str, question: str) -> list[str]:
    with axonize.span(f"search {index}") as span:
        span.set_attribute("words", len(question.split()))
        await asyncio.sleep(0.02)  # an index that is somewhere else
        found = list(DOCUMENTS[::2] if index == "keywords" else DOCUMENTS[1::2])
        span.set_attribute("documents", len(found))
        return found


@axonize.trace(name="rank")
def rank(question: str, documents: list[str]) -> list[str]:
    words = set(question.lower().split())
    return sorted(documents, key=lambda each: -len(words & set(each.lower().split())))


async def answer(question: str, context: list[str]) -> AsyncIterator[str]:
    """Stream an answer: the span ends with the last token, and knows when the first one came."""
    with axonize.llm_span("chat", model="parrot") as span:
        span.set_tokens_input(len(question.split()) + sum(len(each.split()) for each in context))
        for token in context[0].split():
            await asyncio.sleep(0.005)  # a model that thinks
            span.record_token()
            yield token


async def main() -> None:
    question = "what are all spans of a trace"
    with axonize.span("question") as span:
        documents = rank(question, await retrieve(question))
        try:
            with axonize.span("check"):
                raise LookupError("no checker is configured")
        except LookupError as error:
            span.add_event("unchecked", {"reason": str(error)})
        print(" ".join([token async for token in answer(question, documents)]))


if __name__ == "__main__":
    axonize.init(service_name="questions")
    asyncio.run(main())
    axonize.shutdown()
