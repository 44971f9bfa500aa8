"""An ordinary streaming text service on FastAPI and Transformers; it knows nothing of tracing.

Run by path, as a user's own program would be: `python service.py MODEL_FOLDER PORT`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from threading import Thread

import torch
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from transformers import AutoModelForCausalLM, AutoTokenizer, TextIteratorStreamer

torch.set_num_threads(1)  # several requests at a time share a small machine
FOLDER, PORT = sys.argv[1], int(sys.argv[2])
tokenizer = AutoTokenizer.from_pretrained(FOLDER)
model = AutoModelForCausalLM.from_pretrained(FOLDER)
app = FastAPI()


class Completion(BaseModel):
    """What the service is asked for."""

    prompt: str = Field(min_length=1)
    max_tokens: int = Field(default=32, ge=1, le=512)


def stream(request: Completion) -> Iterator[str]:
    """Yield one server-sent event for each piece of text."""
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True)
    inputs = tokenizer(request.prompt, return_tensors="pt", return_token_type_ids=False)
    options = {
        "max_new_tokens": request.max_tokens,
        "do_sample": True,
        "temperature": 0.8,
        "streamer": streamer,
    }
    Thread(target=model.generate, kwargs={**inputs, **options}).start()
    for text in streamer:
        yield f"data: {json.dumps({'text': text})}\n\n"


@app.post("/v1/completions")
def complete(request: Completion) -> StreamingResponse:
    """Answer with a stream of text."""
    return StreamingResponse(stream(request), media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
