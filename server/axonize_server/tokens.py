"""How many tokens there were, where a call may be traced at both of its ends; no I/O."""

from __future__ import annotations

import msgspec


class Tokens(msgspec.Struct, frozen=True):
    """Tokens of prompts, tokens that were made, and those of prompts that a cache had."""

    input: int = 0
    output: int = 0
    cached: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        """Return the tokens of both."""
        return Tokens(
            self.input + other.input, self.output + other.output, self.cached + other.cached
        )


class Ends(msgspec.Struct, frozen=True):
    """Tokens of the same calls, as spans of kind client say and as all other spans do."""

    others: Tokens = Tokens()
    clients: Tokens = Tokens()

    def __add__(self, other: Ends) -> Ends:
        """Return what each end says of both."""
        return Ends(self.others + other.others, self.clients + other.clients)

    @property
    def counted(self) -> Tokens:
        """Return what counts: the larger of each, so that a call with two ends counts once."""
        one, other = self.others, self.clients
        return Tokens(
            max(one.input, other.input),
            max(one.output, other.output),
            max(one.cached, other.cached),
        )


class Usage(msgspec.Struct, frozen=True):
    """Tokens by the model that spans name, "" where they name none.

    Each model counts by itself: one may be traced at its server alone, another at its clients.
    """

    by_model: dict[str, Ends]

    def __add__(self, other: Usage) -> Usage:
        """Return what is said of each model by both."""
        added = dict(self.by_model)
        for model, ends in other.by_model.items():
            added[model] = added.get(model, Ends()) + ends
        return Usage(added)

    @property
    def counted(self) -> Tokens:
        """Return what counts of all models together."""
        return sum((ends.counted for ends in self.by_model.values()), Tokens())
