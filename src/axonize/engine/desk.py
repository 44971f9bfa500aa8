"""What calls have of one GPU: each instant is shared equally by those that are under way.

docs/attribution.md has the formula. Nothing is lost in it and nothing counted twice: what calls
have and what was idle add up to what there was, exactly.
"""

from __future__ import annotations

from operator import sub
from typing import NamedTuple

from axonize.engine.books import Books
from axonize.gpu.attribution import Share


class Gain(NamedTuple):
    """What a GPU did while so many calls were under way: times in ns, energy in uJ."""

    time: int  # of which the energy is known
    energy: int
    unmeasured: int  # time of which it is not


Gains = dict[int, Gain]
"""By how many calls were under way."""
NOTHING = Gain(0, 0, 0)


class Part:
    """What a call, or all calls of a model, had of a GPU: as a Gain, but in fractions."""

    __slots__ = ("energy", "time", "unmeasured")

    def __init__(self) -> None:
        self.time = Share()
        self.energy = Share()
        self.unmeasured = Share()

    def add(self, time: int, energy: int, unmeasured: int, calls: int = 1) -> None:
        """Add the share of one of so many calls."""
        if time or energy:
            self.time.add(time, 1, calls)
            self.energy.add(energy, 1, calls)
        if unmeasured:
            self.unmeasured.add(unmeasured, 1, calls)


class Desk:
    """The account of one GPU from a moment on; times are monotonic, in ns, and never go back.

    Instead of giving each call its share at every moment, it keeps what was gained while one call
    was under way, while two were ...; a call's share is found from what that was when it began.
    """

    def __init__(self, books: Books, began: int) -> None:
        self.books = books
        self.idle = Part()
        """What nobody had and was not taken yet."""
        self.closed = False
        self._settled = began
        self._calls = 0
        self._gains: Gains = {}

    def began(self, now: int) -> Gains:
        """Take a call that begins; return what share() wants to know of its beginning."""
        self.settle(now)
        self._calls += 1
        return self._gains.copy()

    def ended(self, now: int) -> None:
        """Take a call that ends."""
        self.settle(now)
        self._calls -= 1

    def share(self, since: Gains, *parts: Part) -> Gains:
        """Add to parts what a call has had since; return the same for the time from now on."""
        for calls, gain in self._gains.items():
            before = since.get(calls, NOTHING)
            if gain is not before:
                time, energy, unmeasured = map(sub, gain, before)
                for part in parts:
                    part.add(time, energy, unmeasured, calls)
        return self._gains.copy()

    def settle(self, now: int) -> None:
        """Charge the time up to now to the calls under way, or as idle."""
        if self.closed:
            return
        begin, self._settled = self._settled, max(now, self._settled)
        charge = self.books.charge(begin if self._calls else self._settled, self._settled)
        busy, energy, idle, idle_energy = charge
        if idle_energy is None:
            self.idle.add(0, 0, idle)
        else:
            self.idle.add(idle, idle_energy, 0)
        if self._calls and busy:
            time, used, unmeasured = self._gains.get(self._calls, NOTHING)
            self._gains[self._calls] = (
                Gain(time, used, unmeasured + busy)
                if energy is None
                else Gain(time + busy, used + energy, unmeasured)
            )

    def close(self, now: int) -> None:
        """End the account: what comes after this moment is somebody else's."""
        self.settle(now)
        self.closed = True
