"""Reads a batch of the scheduler: which of its tokens are prompt, which were proposed."""

from __future__ import annotations

from typing import Any


def is_plain(output: Any) -> bool:
    """Say whether each request in a SchedulerOutput makes one token and reads no prompt."""
    return (
        len(output.num_scheduled_tokens) == output.total_num_scheduled_tokens
        and not output.scheduled_new_reqs
        and not output.scheduled_spec_decode_tokens
        and 0 not in _made(output.scheduled_cached_reqs)
    )


def prefill_tokens(output: Any) -> dict[str, int]:
    """Return the prompt tokens of each request in a SchedulerOutput that has some.

    A request that has made tokens reads its prompt again after a preemption; then it has more
    tokens in the step than the one to make and its drafts.
    """
    tokens = output.num_scheduled_tokens
    prefill = {new.req_id: tokens[new.req_id] for new in output.scheduled_new_reqs}
    cached = output.scheduled_cached_reqs
    drafts = output.scheduled_spec_decode_tokens
    for request_id, count in zip(cached.req_ids, _made(cached), strict=True):
        scheduled = tokens[request_id]
        if count == 0 or scheduled > 1 + len(drafts.get(request_id, ())):
            prefill[request_id] = scheduled
    return prefill


def _made(cached: Any) -> list[int]:
    """Return how many tokens each request has made before; vLLM 0.10 does not say."""
    made: list[int] | None = getattr(cached, "num_output_tokens", None)
    return [1] * len(cached.req_ids) if made is None else made


def speculated_tokens(output: Any, made: Any) -> dict[str, tuple[int, int]]:
    """Return how many tokens were proposed and accepted for each request that had proposals.

    As vLLM counts: what a ModelRunnerOutput has beyond one token was accepted, and proposals
    that the grammar forbids do not count.
    """
    refused = getattr(output, "num_invalid_spec_tokens", None) or {}
    found = {}
    for request_id, drafts in output.scheduled_spec_decode_tokens.items():
        sampled = made.sampled_token_ids[made.req_id_to_index[request_id]]
        proposed = len(drafts) - refused.get(request_id, 0)
        found[request_id] = (proposed, max(len(sampled) - 1, 0))
    return found
