from __future__ import annotations

from collections import Counter

from axonize_server.api.metrics import render
from axonize_server.ingest.batcher import Counters
from axonize_server.metrics import collect


def test_what_the_receiver_counts_is_published():
    counters = Counters(
        accepted_spans=5, rejected_spans=1, refused=Counter(Overloaded=2), queue_bytes=7,
        commits=3, commit_seconds=0.5,
    )  # fmt: skip
    lines = [line for line in render(collect(counters)).splitlines() if not line.startswith("#")]
    assert lines == [
        "axonize_spans_accepted_total 5",
        "axonize_spans_rejected_total 1",
        'axonize_requests_refused_total{reason="Overloaded"} 2',
        "axonize_queue_bytes 7",
        "axonize_commits_total 3",
        "axonize_commit_seconds_total 0.5",
    ]
