"""Token counts and finish reasons of one generate call, read without waiting for a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# These stop every row at once or by a token that is looked for below; any other criterion may stop
# one row of a batch alone, and that row is then filled up with padding.
WHOLE_BATCH_CRITERIA = frozenset(
    ("MaxLengthCriteria", "EosTokenCriteria", "MaxTimeCriteria", "ConfidenceCriteria")
)


@dataclass(frozen=True)
class Loop:
    """What a decoding loop was given; lengths are in tokens of one row and include padding.

    The prompt is what the model reads first, `given` what the sequences begin with: the same but
    for an encoder's input or embeddings.
    """

    rows: int
    prompt_length: int
    given: int
    length_limit: int
    stop_tokens: frozenset[int]
    padding_token: int | None
    rows_stop_alone: bool
    input_tokens: int | None


@dataclass(frozen=True)
class Output:
    """What came out: None where only the device knows."""

    rows: int
    length: int
    tokens: int | None
    finish_reasons: list[str] | None


def read_loop(input_ids: Any, arguments: Mapping[str, Any]) -> Loop:
    """Describe a decoding loop from its first argument and its keywords."""
    config = arguments["generation_config"]
    rows, given = input_ids.shape
    prompt = _prompt(input_ids, arguments)
    criteria = {type(criterion).__name__ for criterion in arguments["stopping_criteria"]}
    return Loop(
        rows=rows,
        prompt_length=prompt.shape[1],
        given=given,
        length_limit=config.max_length - given,
        stop_tokens=_token_ids(config.eos_token_id),
        padding_token=config.pad_token_id,
        rows_stop_alone=bool(criteria - WHOLE_BATCH_CRITERIA),
        input_tokens=_input_tokens(prompt, arguments.get("attention_mask"), _copies(config)),
    )


def read_output(sequences: Any, loop: Loop) -> Output:
    """Count what a decoding loop added to its prompts."""
    rows, length = sequences.shape[0], sequences.shape[1] - loop.given
    if sequences.device.type == "cpu":
        ended = [_row_end(row, loop) for row in sequences[:, loop.given :].tolist()]
        return Output(rows, length, sum(n for n, _ in ended), [reason for _, reason in ended])
    return Output(rows, length, *_without_reading(rows, length, loop))


def _token_ids(value: int | Sequence[int] | None) -> frozenset[int]:
    if value is None:
        return frozenset()
    return frozenset((value,) if isinstance(value, int) else value)


def _copies(config: Any) -> int:
    return max(config.num_beams or 1, config.num_return_sequences or 1)


def _prompt(input_ids: Any, arguments: Mapping[str, Any]) -> Any:
    """Return the tensor whose first two dimensions are those of the prompts."""
    encoded = arguments.get("encoder_outputs")
    if encoded is not None:
        return encoded[0]
    embedded = arguments.get("inputs_embeds")
    return input_ids if embedded is None else embedded


def _input_tokens(prompt: Any, mask: Any, copies: int) -> int | None:
    """Count each prompt once, however many copies; None where only the device knows the padding."""
    if mask is None:  # the library drops a mask of ones, so there is no padding
        return int(prompt.shape[0] * prompt.shape[1]) // copies
    return int(mask.sum()) // copies if mask.device.type == "cpu" and mask.dim() == 2 else None


def _row_end(row: list[int], loop: Loop) -> tuple[int, str]:
    """Return how many tokens of a row are real, and why it ended."""
    for position, token in enumerate(row):
        if token in loop.stop_tokens:
            return position + 1, "stop"
    length = len(row)
    if loop.rows_stop_alone:
        while length and row[length - 1] == loop.padding_token:
            length -= 1
    return length, "length" if length >= loop.length_limit else "stop"


def _without_reading(rows: int, length: int, loop: Loop) -> tuple[int | None, list[str] | None]:
    """Conclude from lengths alone: reading the tokens would wait for the device."""
    same_length = rows == 1 or not (loop.stop_tokens or loop.rows_stop_alone)
    tokens = rows * length if same_length else None
    if length < loop.length_limit:
        return tokens, ["stop"] * rows
    return tokens, ["length"] * rows if same_length else None
