"""What GPUs are, as their senders say it, until the registry has it: bounded for each tenant."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from itertools import islice

import msgspec

from axonize_server.gpus import Identity

MOST_OF_A_TENANT = 1000
MOST_AT_ONCE = 300
MOST_KNOWN = 20_000
FORGET_AFTER_S = 600.0  # what is noted of a GPU that nobody sights
# What is in the registry is written again after so long: its tenant may be gone, and another of
# its name there.
KNOWN_FOR_S = 3600.0
Key = tuple[str, str]  # tenant and UUID


class Notes:
    """Takes what GPUs are from any thread, and gives it out to the one that writes it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: dict[Key, tuple[Identity, float]] = {}  # and when
        self._of_tenant: Counter[str] = Counter()  # how many of them
        self._known: dict[Key, tuple[Identity, float]] = {}  # in the registry, and since when

    def __len__(self) -> int:
        return len(self._noted)

    def note(self, identity: Identity) -> None:
        """Have it written if it says anything new and its tenant has not too many waiting."""
        key = identity[:2]
        with self._lock:
            before = self._noted.get(key) or self._known.get(key)
            told = _together(before[0], identity) if before else identity
            if key not in self._noted:
                is_known = before is not None and told == before[0]
                if is_known or self._of_tenant[identity.tenant] >= MOST_OF_A_TENANT:
                    return
                self._of_tenant[identity.tenant] += 1
            self._noted[key] = told, self._clock()

    def take(self) -> list[Identity]:
        """Return what is to be written next; it waits behind all others when it is not."""
        with self._lock:
            keys = list(islice(self._noted, MOST_AT_ONCE))
            for key in keys:
                self._noted[key] = self._noted.pop(key)
            return [self._noted[key][0] for key in keys]

    def done(self, taken: Collection[Identity], written: Collection[Identity]) -> None:
        """Remember what the registry has, and forget what nobody needs."""
        now = self._clock()
        with self._lock:
            for each in written:
                self._known.pop(each[:2], None)
                self._known[each[:2]] = each, now
            for each in taken:
                self._forget(each[:2], now)
            self._forget_known(now)

    def _forget(self, key: Key, now: float) -> None:
        noted, since = self._noted[key]
        known = self._known.get(key)
        if (known and known[0] == noted) or now - since > FORGET_AFTER_S:
            del self._noted[key]
            self._of_tenant[key[0]] -= 1
            if not self._of_tenant[key[0]]:
                del self._of_tenant[key[0]]

    def _forget_known(self, now: float) -> None:
        """Forget the oldest, which come first."""
        while self._known:
            oldest = next(iter(self._known))
            if len(self._known) <= MOST_KNOWN and now - self._known[oldest][1] <= KNOWN_FOR_S:
                return
            del self._known[oldest]


def _together(known: Identity, told: Identity) -> Identity:
    """Return what both say, the latter where they differ: a sender in a container knows less."""
    if type(known.facts) is not type(told.facts):
        return told
    facts = msgspec.structs.asdict(told.facts)
    said = {name: value for name, value in facts.items() if value not in (None, [])}
    return told._replace(facts=msgspec.structs.replace(known.facts, **said))
