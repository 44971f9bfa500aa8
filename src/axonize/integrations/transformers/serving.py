"""`transformers serve`: one thread runs its model, for each request in the request's context."""

from __future__ import annotations

from contextvars import copy_context
from functools import partial

from axonize.patching import Call, Observer


def submit(call: Call) -> Observer:
    """Run what is handed to the thread in the context of the one who hands it."""
    yield call.replace(fn=partial(copy_context().run, call.argument("fn")))
