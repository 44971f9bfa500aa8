"""Which tokens of a batch are prompt, of vLLM's own batches."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from vllm.v1.core.sched.output import CachedRequestData, NewRequestData, SchedulerOutput
from vllm.v1.outputs import ModelRunnerOutput

from axonize.integrations.vllm.batch import is_plain, prefill_tokens, speculated_tokens


def batch(
    tokens: dict[str, int], made: dict[str, int], drafts: dict[str, list[int]] | None = None
) -> Any:
    """Return a batch: the tokens of each request, and what those that are not new have made."""
    new = [
        NewRequestData(each, [], [], None, None, ([],), 0, None) for each in tokens.keys() - made
    ]
    none: list[Any] = [None] * len(made)
    outputs = list(made.values())
    cached = CachedRequestData(list(made), set(), [], {}, none, [0] * len(made), outputs)
    total = sum(tokens.values())
    return SchedulerOutput(new, cached, tokens, total, drafts or {}, {}, set(), [])


def test_a_batch_of_one_token_each_reads_no_prompt() -> None:
    assert is_plain(batch({"a": 1, "b": 1}, {"a": 3, "b": 1}))
    assert not is_plain(batch({"a": 1, "b": 1}, {"a": 3}))  # b is new
    assert not is_plain(batch({"a": 1, "b": 2}, {"a": 3, "b": 1}))
    assert not is_plain(batch({"a": 1}, {"a": 0}))  # the last token of its prompt
    assert not is_plain(batch({"a": 1}, {"a": 3}, {"a": []}))


def test_prompt_tokens_are_those_of_new_unfinished_and_resumed_requests() -> None:
    tokens = {"new": 9, "chunk": 5, "decoding": 1, "resumed": 12, "drafted": 4}
    made = {"chunk": 0, "decoding": 6, "resumed": 6, "drafted": 2}
    found = prefill_tokens(batch(tokens, made, {"drafted": [7, 7, 7]}))
    assert found == {"new": 9, "chunk": 5, "resumed": 12}


def test_a_version_that_does_not_say_what_was_made_takes_one_token_for_decoding() -> None:
    old = batch({"a": 1, "b": 4}, {"a": 0, "b": 0})
    cached = old.scheduled_cached_reqs
    old.scheduled_cached_reqs = SimpleNamespace(req_ids=cached.req_ids)
    assert prefill_tokens(old) == {"b": 4}


def test_what_was_made_beyond_one_token_was_proposed_and_accepted() -> None:
    drafts = {"a": [1, 2, 3], "b": [1, 2]}
    output = batch({"a": 4, "b": 3}, {"a": 5, "b": 5}, drafts)
    output.num_invalid_spec_tokens = {"b": 1}
    made = ModelRunnerOutput(
        req_ids=["b", "a"],
        req_id_to_index={"b": 0, "a": 1},
        sampled_token_ids=[[8], [1, 2, 9]],
    )
    assert speculated_tokens(output, made) == {"a": (3, 2), "b": (1, 0)}
