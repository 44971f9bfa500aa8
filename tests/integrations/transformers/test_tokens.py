"""What is counted from tokens on the host, and what is left open on a device."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from axonize.integrations.transformers.tokens import Loop, Output, read_loop, read_output

PAD, STOP = 1, 3


class MaxLengthCriteria: ...


class StopStringCriteria: ...


def loop(**changes: Any) -> Loop:
    values: dict[str, Any] = {
        "rows": 2,
        "prompt_length": 1,
        "given": 1,
        "length_limit": 4,
        "stop_tokens": frozenset((STOP,)),
        "padding_token": PAD,
        "rows_stop_alone": False,
        "input_tokens": 2,
    }
    return Loop(**values | changes)


def config(**changes: Any) -> SimpleNamespace:
    values = {
        "max_length": 10,
        "eos_token_id": STOP,
        "pad_token_id": PAD,
        "num_beams": 1,
        "num_return_sequences": 1,
    }
    return SimpleNamespace(**values | changes)


class OnDevice:
    """A tensor whose values nobody may ask for: its shape and its device are known."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape
        self.device = torch.device("cuda")

    def dim(self) -> int:
        return len(self.shape)


def test_a_row_counts_to_its_stop_token_and_no_padding() -> None:
    rows = torch.tensor([[9, 5, STOP, PAD, PAD], [9, 5, 6, 7, 8]])
    assert read_output(rows, loop()) == Output(2, 4, 6, ["stop", "length"])


def test_padding_that_the_model_chose_itself_is_a_token() -> None:
    rows = torch.tensor([[9, 5, 6, 7, PAD], [9, PAD, 6, 7, 8]])
    assert read_output(rows, loop()) == Output(2, 4, 8, ["length", "length"])


def test_padding_after_a_stop_string_is_none() -> None:
    rows = torch.tensor([[9, 5, PAD, PAD, PAD], [9, 5, 6, 7, 8]])
    assert read_output(rows, loop(rows_stop_alone=True)) == Output(2, 4, 5, ["stop", "length"])


def test_stopped_before_the_limit_without_a_stop_token_is_a_stop() -> None:
    rows = torch.tensor([[9, 5, 6]])
    assert read_output(rows, loop(rows=1)) == Output(1, 2, 2, ["stop"])


@pytest.mark.parametrize(
    ("shape", "changes", "expected"),
    [
        ((1, 3), {}, Output(1, 2, 2, ["stop"])),
        ((1, 5), {}, Output(1, 4, 4, ["length"])),
        ((2, 3), {}, Output(2, 2, None, ["stop", "stop"])),
        ((2, 5), {}, Output(2, 4, None, None)),
        ((2, 5), {"stop_tokens": frozenset()}, Output(2, 4, 8, ["length", "length"])),
        ((2, 5), {"stop_tokens": frozenset(), "rows_stop_alone": True}, Output(2, 4, None, None)),
    ],
)
def test_a_device_is_never_asked(
    shape: tuple[int, int], changes: dict[str, Any], expected: Output
) -> None:
    assert read_output(OnDevice(*shape), loop(**changes)) == expected


def read(input_ids: Any, **arguments: Any) -> Loop:
    settings = arguments.pop("settings", {})
    criteria = arguments.pop("criteria", [MaxLengthCriteria()])
    return read_loop(
        input_ids,
        {"generation_config": config(**settings), "stopping_criteria": criteria, **arguments},
    )


def test_copies_of_a_prompt_are_counted_once() -> None:
    ids = torch.full((6, 3), 7)
    mask = torch.tensor([[0, 1, 1]] * 3 + [[1, 1, 1]] * 3)
    beams = {"num_beams": 3, "num_return_sequences": 2}
    assert read(ids, attention_mask=mask, settings=beams).input_tokens == 5
    assert read(ids, settings={"num_beams": 1, "num_return_sequences": 6}).input_tokens == 3
    assert read(ids, settings={"num_beams": None, "num_return_sequences": None}).input_tokens == 18


def test_padding_known_to_the_device_alone_is_left_open() -> None:
    assert read(OnDevice(2, 5), attention_mask=OnDevice(2, 5)).input_tokens is None
    assert read(OnDevice(2, 5), attention_mask=None).input_tokens == 10


def test_the_prompt_may_be_encoded_or_embedded() -> None:
    embedded = read(torch.zeros(2, 0, dtype=torch.long), inputs_embeds=torch.zeros(2, 4, 8))
    assert (embedded.prompt_length, embedded.given, embedded.input_tokens) == (4, 0, 8)
    encoded = read(torch.zeros(2, 1, dtype=torch.long), encoder_outputs=(torch.zeros(2, 7, 8),))
    assert (encoded.prompt_length, encoded.given, encoded.input_tokens) == (7, 1, 14)
    assert encoded.length_limit == 9


def test_stop_tokens_come_alone_or_as_a_list() -> None:
    ids = torch.zeros(1, 1, dtype=torch.long)
    assert read(ids, settings={"eos_token_id": None}).stop_tokens == frozenset()
    assert read(ids, settings={"eos_token_id": [3, 4]}).stop_tokens == {3, 4}


def test_a_criterion_of_its_own_may_stop_one_row_alone() -> None:
    ids = torch.zeros(1, 1, dtype=torch.long)
    assert read(ids, criteria=[MaxLengthCriteria(), StopStringCriteria()]).rows_stop_alone
    assert not read(ids, criteria=[MaxLengthCriteria()]).rows_stop_alone
