from __future__ import annotations

import json
import os
from importlib.metadata import version

from axonize_server import ui
from axonize_server.banner import announce, withdraw
from axonize_server.listeners import Addresses
from axonize_server.settings import ServerSettings


def test_people_and_programs_are_told_where_the_server_is(tmp_path, capsys):
    settings = ServerSettings(data_dir=str(tmp_path), root_path="/ax/")
    addresses = Addresses("http://127.0.0.1:1", "127.0.0.1:2")
    announce(settings, addresses, ["postgres/001_tenants.sql"])
    assert json.loads((tmp_path / "server.json").read_text()) == {
        "pid": os.getpid(),
        "http": "http://127.0.0.1:1",
        "grpc": "127.0.0.1:2",
        "version": version("axonize"),
    }
    not_built = "" if ui.is_built() else "  (UI not built; it says how)"
    assert capsys.readouterr().out.splitlines() == [
        f"Axonize {version('axonize')} is ready.",
        f"  UI and API   http://127.0.0.1:1/ax{not_built}",
        "  OTLP gRPC    127.0.0.1:2",
        "  OTLP HTTP    http://127.0.0.1:1/v1/traces",
        f"  Data         {tmp_path}",
        "  Migrations   postgres/001_tenants.sql",
    ]
    withdraw(settings)
    withdraw(settings)
    assert list(tmp_path.iterdir()) == []
