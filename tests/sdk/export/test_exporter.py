"""The transport that the settings ask for."""

from __future__ import annotations

from typing import Any

import pytest

import axonize
from axonize.config import Config
from axonize.export import make_exporter
from axonize.export.exporter import Exporter, Receipt, Retryable
from axonize.export.grpc import GRPCExporter
from axonize.export.http import HTTPExporter
from axonize.export.memory import MemoryExporter
from axonize.speed import encode_request
from tests.sdk.export.collectors import Collector

EMPTY = encode_request({}, ("axonize", "1"), [])


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, GRPCExporter),
        ({"endpoint": "http://collector:4318"}, HTTPExporter),
        ({"endpoint": "http://collector:4317", "protocol": "http"}, HTTPExporter),
        ({"endpoint": "http://collector:4318", "protocol": "grpc"}, GRPCExporter),
    ],
)
def test_kind(settings: dict[str, Any], kind: type) -> None:
    exporter: Exporter = make_exporter(Config(**settings))
    assert type(exporter) is kind
    exporter.close()


def test_headers_and_key(collector: Collector, web_collector: Collector) -> None:
    for address, at in ((collector.address, collector), (web_collector.url, web_collector)):
        protocol = "grpc" if at is collector else "http"
        settings = {"endpoint": address, "protocol": protocol, "compression": "gzip"}
        exporter = make_exporter(Config(**settings, headers={"X-Tenant": "t"}, api_key="secret"))  # type: ignore[arg-type]
        assert exporter.send(EMPTY, 10) == Receipt()
        exporter.close()
        assert at.headers[0]["x-tenant"] == "t"
        assert at.headers[0]["authorization"] == "Bearer secret"


def test_all_keep_the_promises() -> None:
    for exporter in (
        make_exporter(Config()),
        make_exporter(Config(protocol="http")),
        MemoryExporter(),
    ):
        exporter.interrupt()
        exporter.close()
        exporter.close()


def test_retryable_says_when() -> None:
    assert Retryable("no").retry_after_s is None
    assert Retryable("no", 1.5).retry_after_s == 1.5
    assert not axonize.initialized()
