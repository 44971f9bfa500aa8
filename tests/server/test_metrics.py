from __future__ import annotations

import re
from collections import Counter
from importlib.metadata import version

from axonize_server.accounts import Retention
from axonize_server.api.metrics import render
from axonize_server.genai import DURATION, Counted, Totals
from axonize_server.ingest.batcher import Counters
from axonize_server.metrics import collect, describe, histograms, retention
from prometheus_client.parser import text_string_to_metric_families


def test_what_the_receivers_count_is_published():
    spans = Counters(
        accepted_spans=5, rejected_spans=1, refused=Counter(Overloaded=2), queue_bytes=7,
        commits=3, commit_seconds=0.5,
    )  # fmt: skip
    points = Counters(
        accepted_spans=4, rejected_spans=3, refused=Counter(Overloaded=1, MalformedRequest=1),
        rejected_by_reason=Counter(unknown_metric=2, delta=1), queue_bytes=1,
        commits=1, commit_seconds=0.25,
    )  # fmt: skip
    text = render(collect(spans, points, over_quota=5))
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        "axonize_spans_accepted_total 5",
        "axonize_spans_rejected_total 1",
        "axonize_metric_points_accepted_total 4",
        'axonize_metric_points_rejected_total{reason="delta"} 1',
        'axonize_metric_points_rejected_total{reason="unknown_metric"} 2',
        'axonize_requests_refused_total{reason="MalformedRequest"} 1',
        'axonize_requests_refused_total{reason="Overloaded"} 3',
        "axonize_quota_refused_total 5",
        "axonize_queue_bytes 8",
        "axonize_commits_total 4",
        "axonize_commit_seconds_total 0.75",
    ]


def everything() -> str:
    """Return all numbers that a server can show, with labels that need care."""
    counted = Counted(('a"b', "c\\d", "e\nf", "", "", "", ""), (1,) * len(DURATION.bounds), 2, 90.5)
    clock = iter([0, 1])
    totals = Totals(lambda *_: {DURATION.name: [counted]}, lambda: next(clock))
    refused = Counters(refused=Counter(Overloaded=1), rejected_by_reason=Counter(delta=1))
    fixed = describe(1.5, {"postgres": 5})
    kept = retention(Retention())
    return render([*fixed, kept, *collect(refused, refused), *histograms(totals)])


def test_what_stays_as_it_is_is_published():
    lines = everything().splitlines()
    assert f'axonize_build_info{{version="{version("axonize")}"}} 1' in lines
    assert "axonize_start_time_seconds 1.5" in lines
    assert 'axonize_retention_seconds{table="spans"} 2592000' in lines
    assert 'axonize_schema_version{database="postgres"} 5' in lines


def test_prometheus_reads_it_and_finds_nothing_to_say_about_the_names():
    families = list(text_string_to_metric_families(everything()))
    assert len({family.name for family in families}) == len(families) > 12
    for family in families:
        assert re.fullmatch(r"(axonize|gen_ai_server)_[a-z][a-z_]*", family.name)
        assert family.type in ("counter", "gauge", "histogram"), family.name
        assert family.documentation.endswith("."), family.name
        assert not re.search("_(ms|milliseconds|minutes|kb|mb)$", family.name), "a base unit"
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter"), sample.name
            assert all(re.fullmatch("[a-z][a-z_]*", label) for label in sample.labels)


def test_buckets_add_up_to_the_count_and_labels_come_back_as_they_were():
    families = {family.name: family for family in text_string_to_metric_families(everything())}
    samples = families[DURATION.name].samples
    assert [sample.labels.get("le") for sample in samples] == [
        *map(str, DURATION.bounds), "+Inf", None, None,
    ]  # fmt: skip
    assert [sample.value for sample in samples[-3:]] == [2, 2, 90.5]
    labels = samples[0].labels
    assert (labels["axonize_tenant_id"], labels["service_name"]) == ('a"b', "c\\d")
    assert labels["gen_ai_operation_name"] == "e\nf"
