"""Refusals carry the codes of their kind, and when to try again."""

from __future__ import annotations

import pytest
from axonize_server.ingest import answers
from axonize_server.model import (
    Accepted,
    Forbidden,
    MalformedRequest,
    Overloaded,
    QuotaExceeded,
    StoreRefused,
    StoreUnavailable,
    Unauthenticated,
)
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)


@pytest.mark.parametrize(
    ("error", "codes", "retry_after_s"),
    [
        (MalformedRequest("x"), (3, 400), None),
        (Overloaded("x", 2.5), (8, 429), 2.5),
        (StoreUnavailable("x", 5.0), (14, 503), 5.0),
        (Unauthenticated("x"), (16, 401), None),
        (Forbidden("x"), (7, 403), None),
        (QuotaExceeded("x"), (8, 429), None),
        (StoreRefused("x"), (13, 500), None),
    ],
)
def test_codes(error, codes, retry_after_s):
    assert answers.codes(error) == codes
    assert answers.retry_after_s(error) == retry_after_s


def test_a_status_is_the_one_of_google_rpc():
    status = Status.FromString(answers.status(8, "slow down", 2.5).SerializeToString())

    info = RetryInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, status.message) == (8, "slow down")
    assert info.retry_delay.ToMilliseconds() == 2500


def test_a_status_without_a_time_to_retry():
    written = answers.status(3, "malformed").SerializeToString()

    assert Status.FromString(written) == Status(code=3, message="malformed")


@pytest.mark.parametrize(
    ("accepted", "partial_success"),
    [
        (Accepted(5), None),
        (Accepted(5, 2, "why"), {"rejected_spans": 2, "error_message": "why"}),
        (Accepted(5, 0, "a warning"), {"error_message": "a warning"}),
    ],
)
def test_a_response_says_what_was_left_out(accepted, partial_success):
    expected = ExportTraceServiceResponse()
    if partial_success:
        expected.partial_success.CopyFrom(ExportTracePartialSuccess(**partial_success))

    assert answers.response(accepted) == expected
