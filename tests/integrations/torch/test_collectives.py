"""Collectives of two real processes over gloo, counted on the span they happen in."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import torch

from axonize import guard
from axonize.integrations.torch import collectives
from axonize.speed import Span
from tests.integrations.conftest import MEASURED, Recorded
from tests.integrations.torch.ranks import WORLD


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what each of the processes tells."""
    file = tmp_path_factory.mktemp("gloo") / "store"
    command = (sys.executable, "-m", "tests.integrations.torch.ranks")
    ranks = [
        subprocess.Popen((*command, str(rank), str(file)), stdout=subprocess.PIPE, text=True)
        for rank in range(WORLD)
    ]
    outputs = [rank.communicate(timeout=240)[0] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0] * WORLD
    return [json.loads(output.splitlines()[-1]) for output in outputs]


def counts(attributes: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Return how many of each collective there were, and their bytes."""
    found = {}
    for number in range(len(attributes)):
        prefix = f"axonize.torch.collective.{number}"
        if f"{prefix}.name" in attributes:
            assert attributes[f"{prefix}.host_ms"] == MEASURED
            found[attributes[f"{prefix}.name"]] = (
                attributes[f"{prefix}.count"],
                attributes[f"{prefix}.bytes"],
            )
    return found


def test_collectives_are_counted_on_their_span(told: list[dict[str, Any]]) -> None:
    for rank, process in enumerate(told):
        (work, *compilations) = process["tree"]
        assert {each["name"].split()[0] for each in compilations} <= {"compile"}
        attributes = work["attributes"]
        _, size = counts(attributes)["all_gather"]
        assert size > WORLD * 2 * 4
        assert counts(attributes) == {
            "all_reduce": (5, 4 * 16 + 8),
            "all_gather": (3, size),  # the objects take two: their sizes, and they
            ("send" if rank else "recv"): (1, 16),
            "barrier": (1, 0),
        }
        assert attributes["axonize.torch.collectives"] == 10
        assert attributes["axonize.torch.collectives.host_ms"] == MEASURED
        assert attributes["axonize.torch.distributed.backend"] == "gloo"
        assert attributes["axonize.torch.distributed.rank"] == rank
        assert attributes["axonize.torch.distributed.world_size"] == WORLD


def test_answers_are_the_same(told: list[dict[str, Any]]) -> None:
    for process in told:
        plain, traced, again = process["answers"]
        assert plain == traced == again


def test_kinds_beyond_those_told_apart_are_counted(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collectives, "_describe_group", lambda _: None)
    with Span("work"):
        for number in range(collectives.KINDS + 2):
            collectives._count(f"kind_{number}", (torch.ones(2),), {}, 10)
    (work,) = recorded.tree()
    assert work["attributes"]["axonize.torch.collectives"] == collectives.KINDS + 2
    assert len(counts(work["attributes"])) == collectives.KINDS


def test_a_broken_count_harms_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    guard.set_strict(False)
    monkeypatch.setattr(collectives, "_tallies", None)
    with Span("work"):
        assert collectives.collective(lambda x: x + 1)(1) == 2
