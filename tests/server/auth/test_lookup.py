from __future__ import annotations

import asyncio
import threading

import pytest
from axonize_server.auth import lookup as module
from axonize_server.auth.lookup import Lookup
from axonize_server.auth.revocation import watch
from axonize_server.model import StoreUnavailable


class Accounts:
    """What the account database holds, how often it was asked, and the time."""

    def __init__(self) -> None:
        self.held: dict[bytes, str] = {b"key": "acme"}
        self.asked: list[bytes] = []
        self.is_away = False
        self.now = 0.0
        self.version = 1

    def find(self, sha256: bytes) -> str | None:
        self.asked.append(sha256)
        if self.is_away:
            raise StoreUnavailable("away")
        return self.held.get(sha256)

    def read_version(self) -> int:
        if self.is_away:
            raise StoreUnavailable("away")
        return self.version

    def lookup(self) -> Lookup[str]:
        return Lookup(self.find, clock=lambda: self.now)


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


def test_what_was_found_is_remembered_for_five_minutes(accounts):
    async def work():
        lookup = accounts.lookup()
        for accounts.now in (0.0, 299.9):
            assert await lookup.get(b"key") == "acme"
        assert accounts.asked == [b"key"]
        accounts.now = 300.0
        accounts.held.clear()
        assert await lookup.get(b"key") is None

    asyncio.run(work())


def test_what_was_not_found_is_remembered_for_a_moment(accounts):
    async def work():
        lookup = accounts.lookup()
        for accounts.now in (0.0, 4.9):
            assert await lookup.get(b"new") is None
        accounts.held[b"new"] = "acme"
        assert await lookup.get(b"new") is None
        accounts.now = 5.0
        assert await lookup.get(b"new") == "acme"
        assert accounts.asked == [b"new"] * 2

    asyncio.run(work())


def test_while_the_database_is_away_known_keys_hold_for_a_quarter_of_an_hour(accounts):
    async def work():
        lookup = accounts.lookup()
        assert await lookup.get(b"key") == "acme"
        accounts.is_away = True
        for accounts.now in (100.0, 400.0, 899.0):
            assert await lookup.get(b"key") == "acme"
        with pytest.raises(StoreUnavailable):
            await lookup.get(b"unknown")
        accounts.now = 900.0
        with pytest.raises(StoreUnavailable):
            await lookup.get(b"key")
        accounts.is_away = False
        assert await lookup.get(b"key") == "acme"

    asyncio.run(work())


def test_many_who_ask_at_once_are_one_question(accounts):
    async def work():
        lookup = accounts.lookup()
        assert await asyncio.gather(*(lookup.get(b"key") for _ in range(50))) == ["acme"] * 50

    asyncio.run(work())
    assert accounts.asked == [b"key"]


def test_an_answer_that_a_change_has_overtaken_is_not_remembered(accounts):
    read, changed = threading.Event(), threading.Event()

    def find(sha256: bytes) -> str | None:
        found = accounts.find(sha256)
        read.set()
        assert changed.wait(60)
        return found

    async def work():
        lookup = Lookup(find)
        first = asyncio.ensure_future(lookup.get(b"key"))
        assert await asyncio.to_thread(read.wait, 60)
        accounts.held.clear()
        lookup.forget()
        changed.set()
        await first
        assert await lookup.get(b"key") is None

    asyncio.run(work())


def test_memory_is_bounded(accounts, monkeypatch):
    monkeypatch.setattr(module, "MAX_UNKNOWN", 2)

    async def work():
        lookup = accounts.lookup()
        for key in (b"1", b"2", b"3", b"3", b"2", b"1"):
            await lookup.get(key)
        assert accounts.asked == [b"1", b"2", b"3", b"1"]

    asyncio.run(work())


def test_a_change_of_the_version_makes_it_forget_also_one_made_while_the_database_was_away(
    accounts, caplog
):
    forgotten: list[int] = []
    turns: list[int] = []

    async def turn():
        over = len(turns) + 20
        while len(turns) < over:
            await asyncio.sleep(0.01)

    def read_version() -> int:
        turns.append(accounts.version)
        return accounts.read_version()

    async def work():
        seen = lambda: forgotten.append(accounts.version)  # noqa: E731
        async with watch(read_version, [seen], every_s=0.01):
            await turn()
            accounts.is_away = True
            await turn()
            accounts.version = 2
            accounts.is_away = False
            await turn()

    asyncio.run(work())
    assert forgotten == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [
        "changes of keys are not noticed for now: away"
    ]
