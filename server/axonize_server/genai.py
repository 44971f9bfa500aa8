"""Latency of the traced services as histograms of the GenAI semantic conventions; no I/O.

https://github.com/open-telemetry/semantic-conventions-genai, metrics of model servers; the names
are those that OpenTelemetry's metrics have in Prometheus.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from axonize_server.model import DomainError

logger = logging.getLogger(__name__)

# An insert may take 30 s; what was committed earlier than this is there, and counted once.
SETTLED_NS = 35_000_000_000
# After a pause between two collections: a query has bounds, and what was read is not read again.
PIECE_NS = 300_000_000_000
MAX_SERIES = 2000
LABELS = (
    "axonize_tenant_id", "service_name", "gen_ai_operation_name", "gen_ai_provider_name",
    "gen_ai_request_model", "gen_ai_response_model", "error_type",
)  # fmt: skip


class Measure(NamedTuple):
    """One histogram, in seconds, with the bounds that the conventions advise."""

    name: str
    help: str
    bounds: tuple[float, ...]


DURATION = Measure(
    "gen_ai_server_request_duration_seconds",
    "Duration of requests to a model.",
    (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
)
FIRST_TOKEN = Measure(
    "gen_ai_server_time_to_first_token_seconds",
    "Time until the first token of requests that succeeded.",
    (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
OUTPUT_TOKEN = Measure(
    "gen_ai_server_time_per_output_token_seconds",
    "Time for each token after the first of requests that succeeded.",
    (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5),
)
MEASURES = (DURATION, FIRST_TOKEN, OUTPUT_TOKEN)


class Counted(NamedTuple):
    """Requests with the same labels: how many at or below each bound, how many, their seconds."""

    labels: tuple[str, ...]
    buckets: tuple[int, ...]
    number: int
    sum: float


Read = Callable[[int, int], Mapping[str, Sequence[Counted]]]
"""Counts the requests committed in [from, to), Unix ns, by the name of a measure."""


class Totals:
    """Histograms that grow: what was committed since the start, read a piece at each collection."""

    def __init__(self, read: Read, clock: Callable[[], int] = time.time_ns) -> None:
        self._read = read
        self._clock = clock
        self._read_to = clock() - SETTLED_NS
        self._lock = threading.Lock()
        self._totals: dict[str, dict[tuple[str, ...], Counted]] = {
            measure.name: {} for measure in MEASURES
        }

    def collect(self) -> dict[str, list[Counted]]:
        """Count what has settled since the last time; return all that was counted, by measure.

        What a database that is away does not say is counted the next time.
        """
        with self._lock:
            try:
                self._catch_up(self._clock() - SETTLED_NS)
            except DomainError as error:
                logger.warning("the histograms of the traced services wait: %s", error)
            return {name: list(totals.values()) for name, totals in self._totals.items()}

    def _catch_up(self, until: int) -> None:
        while self._read_to < until:
            piece_end = min(self._read_to + PIECE_NS, until)
            for name, counted in self._read(self._read_to, piece_end).items():
                self._add(self._totals[name], counted)
            self._read_to = piece_end

    @staticmethod
    def _add(totals: dict[tuple[str, ...], Counted], pieces: Sequence[Counted]) -> None:
        for piece in pieces:
            before = totals.get(piece.labels)
            if before is not None:
                totals[piece.labels] = _sum(before, piece)
            elif len(totals) < MAX_SERIES:  # whoever sends names of models must not fill the memory
                totals[piece.labels] = piece


def _sum(one: Counted, other: Counted) -> Counted:
    buckets = tuple(map(sum, zip(one.buckets, other.buckets, strict=True)))
    return Counted(one.labels, buckets, one.number + other.number, one.sum + other.sum)
