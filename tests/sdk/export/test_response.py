"""Reading what a collector answers, as the real protobuf classes write it."""

from __future__ import annotations

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from axonize.export.exporter import Receipt
from axonize.export.response import read_receipt, read_retry_delay_s, read_status_message
from tests.sdk.export.collectors import retry_info

UNREADABLE = [b"\xff", b"\x0a\x7f", b"\x0b", b"\xff" * 12, b"<html>", b"\x09\x00"]


@pytest.mark.parametrize(
    ("partial_success", "receipt"),
    [
        (None, Receipt()),
        (ExportTracePartialSuccess(), Receipt()),
        (ExportTracePartialSuccess(rejected_spans=300), Receipt(300)),
        (ExportTracePartialSuccess(rejected_spans=-1), Receipt(-1)),
        (ExportTracePartialSuccess(error_message="größer"), Receipt(0, "größer")),
        (ExportTracePartialSuccess(rejected_spans=1, error_message="no"), Receipt(1, "no")),
    ],
)
def test_receipt(partial_success: ExportTracePartialSuccess | None, receipt: Receipt) -> None:
    response = ExportTraceServiceResponse(partial_success=partial_success)
    assert read_receipt(response.SerializeToString()) == receipt


@pytest.mark.parametrize("delay_s", [0.0, 0.25, 3.0, 61.5])
def test_retry_delay(delay_s: float) -> None:
    assert read_retry_delay_s(retry_info(delay_s)) == delay_s


def test_retry_delay_among_other_details() -> None:
    other = AnyMessage()
    other.Pack(ErrorInfo(reason="x"))
    assert read_retry_delay_s(Status(details=[other]).SerializeToString()) is None
    status = Status.FromString(retry_info(2.0))
    status.details.insert(0, other)
    assert read_retry_delay_s(status.SerializeToString()) == 2.0


def test_status_message() -> None:
    assert read_status_message(Status(code=3, message="bad").SerializeToString()) == "bad"
    assert read_status_message(Status(code=3).SerializeToString()) == ""


@pytest.mark.parametrize("answer", UNREADABLE)
def test_unreadable_is_nothing(answer: bytes) -> None:
    assert read_receipt(answer) == Receipt()
    assert read_retry_delay_s(answer) is None
    assert read_status_message(answer) == ""
