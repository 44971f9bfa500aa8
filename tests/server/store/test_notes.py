"""Of what GPUs are each tenant has so much waiting, and what is known is not said again."""

from __future__ import annotations

import pytest
from axonize_server.gpus import CardFacts, Identity, MigFacts
from axonize_server.store import notes as module
from axonize_server.store.notes import Notes

FULL = CardFacts(architecture="Hopper", nvlink_peers=["GPU-2"], numa_node=0, host_id="i-1")
LESS = CardFacts(architecture="Hopper")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def notes(clock) -> Notes:
    return Notes(clock)


def card(uuid: str, facts: CardFacts | MigFacts = FULL, tenant: str = "acme") -> Identity:
    return Identity(tenant, uuid, facts)


def write(notes: Notes) -> list[Identity]:
    taken = notes.take()
    notes.done(taken, taken)
    return taken


def test_what_is_known_is_not_written_again_and_who_knows_less_changes_nothing(notes):
    for facts in (FULL, LESS):  # before it is written
        notes.note(card("GPU-1", facts))
    assert write(notes) == [card("GPU-1")]
    for facts in (LESS, FULL, CardFacts()):
        notes.note(card("GPU-1", facts))
    assert write(notes) == []
    notes.note(card("GPU-1", CardFacts(numa_node=1)))
    (written,) = write(notes)
    assert written.facts == CardFacts(
        architecture="Hopper", nvlink_peers=["GPU-2"], numa_node=1, host_id="i-1"
    )
    instance = card("GPU-1", MigFacts(gpu_instance_id=1))
    notes.note(instance)
    assert write(notes) == [instance]


def test_a_tenant_that_says_too_much_holds_up_nobody(notes):
    for number in range(100_000):
        notes.note(card(f"GPU-{number}"))
    assert len(notes) == module.MOST_OF_A_TENANT
    other = card("GPU-1", tenant="other")
    notes.note(other)
    notes.note(card("GPU-1", CardFacts(numa_node=7)))
    tried: list[Identity] = []
    for _ in range(4):
        taken = notes.take()
        assert len(taken) <= module.MOST_AT_ONCE
        notes.done(taken, [])  # nobody has sighted them
        tried += taken
    assert other in tried
    assert {each.facts.numa_node for each in tried if each.resource_uuid == "GPU-1"} == {0, 7}


def test_what_changes_while_it_is_written_is_written_next(notes):
    notes.note(card("GPU-1"))
    taken = notes.take()
    notes.note(card("GPU-1", CardFacts(numa_node=1)))
    notes.done(taken, taken)
    assert [each.facts.numa_node for each in write(notes)] == [1]
    assert write(notes) == []


def test_what_is_said_last_holds(notes):
    notes.note(card("GPU-1"))
    write(notes)
    for numa_node in (1, 0):
        notes.note(card("GPU-1", CardFacts(numa_node=numa_node)))
    assert write(notes) == [card("GPU-1")]
    assert write(notes) == []


def test_what_nobody_sights_is_forgotten_and_makes_room(notes, clock):
    for number in range(module.MOST_OF_A_TENANT):
        notes.note(card(f"GPU-{number}"))
    clock.now = module.FORGET_AFTER_S + 1
    for _ in range(4):
        notes.done(notes.take(), [])
    assert len(notes) == 0
    notes.note(card("GPU-new"))
    assert notes.take() == [card("GPU-new")]


def test_what_is_known_is_forgotten_in_time_and_beyond_so_many(notes, clock, monkeypatch):
    monkeypatch.setattr(module, "MOST_KNOWN", 2)
    for uuid in ("GPU-1", "GPU-2", "GPU-3"):
        notes.note(card(uuid))
        write(notes)
    for uuid in ("GPU-1", "GPU-2", "GPU-3"):
        notes.note(card(uuid))
    assert notes.take() == [card("GPU-1")]
    write(notes)
    clock.now = module.KNOWN_FOR_S + 1
    notes.done([], [])
    notes.note(card("GPU-3"))
    assert write(notes) == [card("GPU-3")]
