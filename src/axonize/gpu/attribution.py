"""Who used the GPUs: the rule that splits time and joules over requests, in whole numbers.

docs/attribution.md is the same for users. Nothing is lost in it and nothing counted twice: what the
requests have and what was idle add up to what there was, exactly.
"""

from __future__ import annotations

from collections import defaultdict
from math import fsum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction


class Account:
    """What a quantity that only grows gained: by steps, and in between, which is idle.

    The quantity is the time in ns, or the energy that a GPU has used in uJ. Steps come in the order
    in which they end. What two of them overlap in belongs to the one that ended first, and a step
    that was charged by a guess that was too high is paid by those after it.
    """

    __slots__ = ("charged", "idle")

    def __init__(self, begin: int) -> None:
        self.charged = begin  # up to here all of it belongs to steps or was idle
        self.idle = 0

    def charge(self, begin: int, end: int) -> int:
        """Return what belongs to a step while which the quantity went from begin to end."""
        if begin < self.charged:  # no max(): it is asked for every call
            begin = self.charged
        if end < begin:
            end = begin
        self.idle += begin - self.charged
        self.charged = end
        return end - begin

    def close(self, end: int) -> None:
        """Count what is left up to the end as idle."""
        self.charge(end, end)


class Share:
    """A request's part of what was charged to its steps: the sum of charged x tokens / total.

    Kept as whole numerators by their denominator, so that it is exact and cheap to add to.
    """

    __slots__ = ("_numerators",)

    def __init__(self) -> None:
        self._numerators: defaultdict[int, int] = defaultdict(int)

    def add(self, charged: int, tokens: int, total: int) -> None:
        """Add its part of steps that had `total` scheduled tokens each, `tokens` of them its."""
        self._numerators[total] += charged * tokens

    def exact(self) -> Fraction:
        """Return the sum as it is."""
        from fractions import Fraction  # at start-up it would cost 2 ms

        return sum(
            (Fraction(number, total) for total, number in self._numerators.items()), Fraction()
        )

    def __float__(self) -> float:
        return fsum([number / total for total, number in self._numerators.items()])
