from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from axonize.values import plain_attributes, plain_text, plain_value


class Text(str):
    """As a str, but not a plain one."""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.float64(0.1), 0.1),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (np.array([1, 2]), "[1 2]"),
        (np.array([[7]]), 7),
        (torch.tensor(2.5), 2.5),
        (torch.tensor([1, 2]), "tensor([1, 2])"),
        (torch.float16, "torch.float16"),
        ([np.int64(1), {"a": torch.tensor(True)}], (1, {"a": True})),
        (memoryview(b"ab"), b"ab"),
    ],
)
def test_values_of_the_libraries_become_plain(value: Any, expected: Any) -> None:
    plain = plain_value(value)
    assert (plain, type(plain)) == (expected, type(expected))


def test_too_deep_becomes_text() -> None:
    assert plain_value([[[1]]], depth=2) == (("[1]",),)


def test_text_is_exact() -> None:
    for value, expected in ((Text("x"), "x"), (5, "5")):
        assert (plain_text(value), type(plain_text(value))) == (expected, str)


def test_attributes_are_a_copy_without_none() -> None:
    given = {"a": [1], "b": None, 3: Text("x")}
    plain = plain_attributes(given)
    given["a"].append(2)  # type: ignore[union-attr]
    assert plain == {"a": (1,), "3": "x"}
    assert plain_attributes(None) == {}
