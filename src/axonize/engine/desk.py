"""What calls have of one GPU: each instant is shared equally by those that are under way.

docs/attribution.md has the formula. Nothing is lost in it and nothing counted twice: what calls
have and what was idle add up to what there was, exactly.
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from axonize.recording import Meter

if TYPE_CHECKING:
    from fractions import Fraction


Gain = tuple[int, int, int]
"""Time in ns of which the energy is known, that energy in uJ, and time of which it is not."""
Gains = dict[int, Gain]
"""What a GPU did by how many calls were under way; it is replaced and never changed."""
NOTHING: Gain = (0, 0, 0)


class Part:
    """What a call, or all calls of a model, had of a GPU: as a Gain, but in fractions.

    Kept as whole numbers by how many calls shared them, so that it is exact and cheap to add to.
    """

    __slots__ = ("_gains",)

    def __init__(self) -> None:
        self._gains: Gains = {}

    def add(self, gain: Gain, calls: int = 1) -> None:
        """Add the share of one of so many calls."""
        time, energy, unmeasured = self._gains.get(calls, NOTHING)
        self._gains[calls] = time + gain[0], energy + gain[1], unmeasured + gain[2]

    def exact(self) -> tuple[Fraction, Fraction, Fraction]:
        """Return the three as they are."""
        from fractions import Fraction  # at start-up it would cost 2 ms

        time = energy = unmeasured = Fraction()
        for calls, gain in self._gains.items():
            time += Fraction(gain[0], calls)
            energy += Fraction(gain[1], calls)
            unmeasured += Fraction(gain[2], calls)
        return time, energy, unmeasured

    def floats(self) -> tuple[float, float, float]:
        """Return the three, rounded once each."""
        if len(self._gains) == 1:  # a call that was alone, or always with as many
            [(calls, (time, energy, unmeasured))] = self._gains.items()
            return time / calls, energy / calls, unmeasured / calls
        shared = [[each / calls for each in gain] for calls, gain in self._gains.items()]
        sums = map(fsum, zip(NOTHING, *shared, strict=True))
        return next(sums), next(sums), next(sums)


class Desk:
    """The account of one GPU from a moment on; times are monotonic, in ns, and never go back.

    Instead of giving each call its share at every moment, it keeps what was gained while one call
    was under way, while two were ...; a call's share is found from what that was when it began.
    """

    def __init__(self, meter: Meter | None, began: int) -> None:
        self._meter = meter
        self.idle = Part()
        """What nobody had and was not taken yet."""
        self.closed = False
        self._settled = self._charged = began
        self._calls = 0
        self._gains: Gains = {}

    def began(self, now: int) -> Gains:
        """Take a call that begins; return what share() wants to know of its beginning."""
        if self._calls:
            self.settle(now)
        elif now > self._settled:
            self._settled = now  # what was idle up to here is charged with what is busy from here
        self._calls += 1
        return self._gains

    def ended(self, now: int) -> None:
        """Take a call that ends."""
        self.settle(now)
        self._calls -= 1

    def share(self, since: Gains, *parts: Part) -> Gains:
        """Add to parts what a call has had since; return the same for the time from now on."""
        for calls, gain in self._gains.items():
            before = since.get(calls, NOTHING)
            if gain is not before:
                had = gain[0] - before[0], gain[1] - before[1], gain[2] - before[2]
                for part in parts:
                    part.add(had, calls)
        return self._gains

    def settle(self, now: int) -> None:
        """Charge the time up to now to the calls under way, or as idle."""
        if self.closed:
            return
        calls, begin, end = self._calls, self._settled, self._settled
        if now > end:
            self._settled = end = now
        if not calls:
            begin = end
        idle, busy, self._charged = begin - self._charged, end - begin, end
        energy = idle_energy = None
        if (meter := self._meter) is not None:
            used = meter.idle_uj
            energy = meter.charge(begin, end)
            idle_energy = meter.idle_uj - used
        if idle or idle_energy:
            self.idle.add((0, 0, idle) if energy is None else (idle, idle_energy or 0, 0))
        if busy:
            gain = (0, 0, busy) if energy is None else (busy, energy, 0)
            time, used, unmeasured = self._gains.get(calls, NOTHING)
            gain = time + gain[0], used + gain[1], unmeasured + gain[2]
            self._gains = {**self._gains, calls: gain}

    def close(self, now: int) -> None:
        """End the account: what comes after this moment is somebody else's."""
        self.settle(now)
        self.closed = True
