"""The numbers that the server publishes about itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version

import msgspec

from axonize_server.accounts import Retention
from axonize_server.api.metrics import Histogram, Metric, Series
from axonize_server.genai import LABELS, MEASURES, Totals
from axonize_server.ingest.batcher import Counters

DAY_S = 86_400


def collect(spans: Counters, points: Counters, over_quota: int = 0) -> list[Metric]:
    """Return what the receivers of spans and of metric points counted since the start.

    over_quota: requests refused because their tenant had used up its day.
    """
    both = (spans, points)
    return [
        Metric("axonize_spans_accepted_total", "counter", "Spans stored.", spans.accepted_spans),
        Metric(
            "axonize_spans_rejected_total",
            "counter",
            "Spans left out of accepted requests because they are not valid.",
            spans.rejected_spans,
        ),
        Metric(
            "axonize_metric_points_accepted_total",
            "counter",
            "Metric points stored.",
            points.accepted_spans,
        ),
        Metric(
            "axonize_metric_points_rejected_total",
            "counter",
            "Metric points left out of accepted requests, by reason.",
            dict(points.rejected_by_reason),
            label="reason",
        ),
        Metric(
            "axonize_requests_refused_total",
            "counter",
            "Requests refused, by reason.",
            dict(spans.refused + points.refused),
            label="reason",
        ),
        Metric(
            "axonize_quota_refused_total",
            "counter",
            "Requests refused because their tenant had stored all that it may on the day.",
            over_quota,
        ),
        Metric(
            "axonize_queue_bytes",
            "gauge",
            "Bytes received and not stored.",
            sum(each.queue_bytes for each in both),
        ),
        Metric(
            "axonize_commits_total",
            "counter",
            "Blocks inserted.",
            sum(each.commits for each in both),
        ),
        Metric(
            "axonize_commit_seconds_total",
            "counter",
            "Time spent inserting, in seconds.",
            sum(each.commit_seconds for each in both),
        ),
    ]


def describe(started_s: float, schema: Mapping[str, int]) -> list[Metric]:
    """Return what stays as it is: the release and the start (Unix s).

    schema: the number of the last migration by database.
    """
    return [
        Metric("axonize_build_info", "gauge", "The release.", {version("axonize"): 1}, "version"),
        Metric("axonize_start_time_seconds", "gauge", "When it started, in Unix s.", started_s),
        Metric(
            "axonize_schema_version",
            "gauge",
            "Last migration of each database.",
            schema,
            label="database",
        ),
    ]


def retention(longest: Retention) -> Metric:
    """Return for how long each table is kept by the tenant that keeps it longest."""
    return Metric(
        "axonize_retention_seconds",
        "gauge",
        "For how long a table keeps rows, of the tenant that keeps them longest.",
        {table: days * DAY_S for table, days in msgspec.structs.asdict(longest).items()},
        label="table",
    )


def histograms(totals: Totals) -> Iterable[Histogram]:
    """Return the traced services' histograms, as the GenAI semantic conventions define them."""
    counted = totals.collect()
    for measure in MEASURES:
        series = [Series(*each) for each in counted[measure.name]]
        yield Histogram(measure.name, measure.help, LABELS, measure.bounds, series)
