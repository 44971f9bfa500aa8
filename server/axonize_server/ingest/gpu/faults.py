"""Why data points are left out, as senders are told, and counted under the same names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from axonize_server.model import Accepted

UNSUPPORTED_TYPE = "unsupported_type"
UNKNOWN_METRIC = "unknown_metric"
DELTA = "delta"
OTHER_PART = "other_part"
NO_GPU = "no_gpu"
NO_TIME = "no_time"
INVALID_VALUE = "invalid_value"

_REASONS = {
    UNSUPPORTED_TYPE: "are histograms or summaries; only gauges and sums are stored",
    UNKNOWN_METRIC: "are of metrics that are not stored",
    DELTA: "are delta sums; send cumulative ones",
    OTHER_PART: "are of other hardware, or of a part of the GPU that has no column",
    NO_GPU: "do not name their GPU (hw.id, gpu.uuid or UUID, text of at most 200 bytes)",
    NO_TIME: "have no time",
    INVALID_VALUE: "have a value that is no number or that cannot be in the unit of the metric",
}
_NAMED = 5
_NAME_LENGTH = 80


class Faults:
    """The points of one request that were left out: how many, why, and of which metrics."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._metrics: dict[str, dict[str, None]] = {}

    def add(self, reason: str, metric: str, points: int = 1) -> None:
        """Count points of a metric."""
        if points:
            self._counts[reason] += points
            self._metrics.setdefault(reason, {})[metric] = None

    def answer(self, stored: int) -> Accepted:
        """Return the answer to a request of which `stored` points were kept."""
        rejected = sum(self._counts.values())
        return Accepted(stored, rejected, "; ".join(self._texts()), dict(self._counts))

    def _texts(self) -> Iterator[str]:
        for reason, count in sorted(self._counts.items()):
            names = [name[:_NAME_LENGTH] or '""' for name in self._metrics[reason]]
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield f"{count} points {_REASONS[reason]}: {', '.join(names[:_NAMED])}{more}"
