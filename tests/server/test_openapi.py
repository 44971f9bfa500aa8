"""The document that the UI's client is generated from is the one that the server publishes."""

from __future__ import annotations

import json
from pathlib import Path

from axonize_server.app import Parts, create_app, openapi_document
from axonize_server.auth.gate import Gate
from axonize_server.auth.keys import StaticKeyring
from litestar.testing import TestClient

COMMITTED = Path(__file__).parents[2] / "ui" / "openapi.json"


def test_the_committed_document_is_current():
    current = openapi_document()
    message = "run: python -m axonize_server.app > ui/openapi.json"
    assert COMMITTED.read_text(encoding="utf-8") == current, message


def test_every_operation_is_described_and_names_its_problems():
    document = json.loads(openapi_document())
    assert document["openapi"].startswith("3.1.")
    open_to_all = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], path
            assert operation["description"], path
            if path.startswith("/api/"):
                assert {"400", "401", "503", "504"} <= set(operation["responses"]), path
                assert operation["security"][:1] == [{"key": []}], path
                open_to_all += [(method, path)] * ({} in operation["security"])
    assert open_to_all == [("get", "/api/v1/session"), ("get", "/api/v1/admin/session")]


def test_the_document_is_served_without_a_key(
    reader, step_reader, gpu_reader, gpu_registry, minute_reader
):
    app = create_app(
        Parts(
            reader=reader,
            step_reader=step_reader,
            gpu_reader=gpu_reader,
            minute_reader=minute_reader,
            gpu_registry=gpu_registry,
            authenticate=Gate(StaticKeyring("secret")).authenticate,
        )
    )
    with TestClient(app) as client:
        for path in ("/schema", "/schema/openapi.json"):
            answer = client.get(path)
            assert answer.status_code == 200
            assert answer.json() == json.loads(openapi_document())
        assert client.get("/schema/openapi.yaml").status_code == 200
