"""The name of a model, of what it was loaded by."""

from __future__ import annotations

import pytest

from axonize.naming import name_of


@pytest.mark.parametrize(
    ("loaded_by", "name"),
    [
        ("gpt2", "gpt2"),
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("/srv/models/tiny-llama", "tiny-llama"),
        ("./tiny-llama", "tiny-llama"),
        ("models/ours/tiny-llama", "tiny-llama"),
        ("/cache/hub/models--meta-llama--Llama-3.1-8B/snapshots/ab12", "meta-llama/Llama-3.1-8B"),
        ("", ""),
    ],
)
def test_what_it_was_loaded_by(loaded_by: str, name: str) -> None:
    assert name_of(loaded_by) == name
