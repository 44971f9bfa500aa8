"""The records of statistics over time that pass between the rooms of the server; no I/O."""

from __future__ import annotations

from collections import Counter

import msgspec

from axonize_server.tokens import Usage


class SpanFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which spans are counted: those of a service, a model, an operation, where one is given."""

    service: str | None = None
    model: str | None = None
    operation: str | None = None


class Histogram(msgspec.Struct, frozen=True):
    """How many values lie in each bucket; bucket b begins at 2^(b/16) ns and is 4.4 % wide."""

    counts: dict[int, int]

    def __add__(self, other: Histogram) -> Histogram:
        """Return the values of both."""
        counts = Counter(self.counts)
        counts.update(other.counts)
        return Histogram(dict(counts))

    def quantile_ms(self, share: float) -> float | None:
        """Return the middle of the bucket in which a quantile lies, ms; None without values."""
        left = share * sum(self.counts.values())
        for bucket in sorted(self.counts):
            left -= self.counts[bucket]
            if left <= 0:
                return float(2 ** ((bucket + 0.5) / 16)) / 1e6
        return None


class SpanStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What spans add up to."""

    spans: int
    errors: int
    cost_usd: float
    usage: Usage
    durations: Histogram
    ttfts: Histogram
    tpots: Histogram

    def __add__(self, other: SpanStatistics) -> SpanStatistics:
        """Return what both add up to."""
        names = self.__struct_fields__
        return SpanStatistics(
            **{name: getattr(self, name) + getattr(other, name) for name in names}
        )

    @property
    def input_tokens(self) -> int:
        """Return the tokens of prompts, those of a call once."""
        return self.usage.counted.input

    @property
    def output_tokens(self) -> int:
        """Return the tokens that were made, those of a call once."""
        return self.usage.counted.output

    @property
    def cached_tokens(self) -> int:
        """Return the tokens of prompts that a cache had, those of a call once."""
        return self.usage.counted.cached


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """The spans that ended from start_ns (Unix ns) for one width."""

    start_ns: int
    statistics: SpanStatistics


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The spans of a service, model and operation; "" where spans do not say."""

    service: str
    model: str
    operation: str
    statistics: SpanStatistics
