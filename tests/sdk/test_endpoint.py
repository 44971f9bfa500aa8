"""The endpoint setting: what is understood, and what each transport makes of it."""

from __future__ import annotations

import pytest

from axonize.endpoint import (
    Endpoint,
    choose_protocol,
    grpc_target,
    metrics_path,
    parse_endpoint,
    traces_path,
)


@pytest.mark.parametrize(
    ("text", "endpoint", "target", "path", "protocol"),
    [
        ("host", Endpoint(False, "host", 0, ""), "host:4317", "/v1/traces", "grpc"),
        ("host:1", Endpoint(False, "host", 1, ""), "host:1", "/v1/traces", "grpc"),
        ("http://host:4318", Endpoint(False, "host", 4318, ""), "host:4318", "/v1/traces", "http"),
        ("https://h/", Endpoint(True, "h", 0, "/"), "h:4317", "/v1/traces", "grpc"),
        ("https://h/otlp/", Endpoint(True, "h", 0, "/otlp/"), "h:4317", "/otlp/v1/traces", "grpc"),
        (
            *("http://h:80/v1/traces", Endpoint(False, "h", 80, "/v1/traces")),
            *("h:80", "/v1/traces", "http"),
        ),
        ("[::1]:4317", Endpoint(False, "::1", 4317, ""), "[::1]:4317", "/v1/traces", "grpc"),
    ],
)
def test_understood(text: str, endpoint: Endpoint, target: str, path: str, protocol: str) -> None:
    parsed = parse_endpoint(text)
    assert parsed == endpoint
    assert grpc_target(parsed) == target
    assert traces_path(parsed) == path
    assert metrics_path(parsed) == path.removesuffix("traces") + "metrics"
    assert choose_protocol("auto", parsed) == protocol
    assert choose_protocol("grpc", parsed) == "grpc"


@pytest.mark.parametrize("text", ["", "ftp://host", "host:port", "host:99999", "http://"])
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected host:port or a URL with http or https"):
        parse_endpoint(text)
