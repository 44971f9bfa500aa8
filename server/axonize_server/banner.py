"""Tells people and programs that the server is ready, and where."""

from __future__ import annotations

import json
import os
from importlib.metadata import version

from axonize_server import ui
from axonize_server.listeners import Addresses
from axonize_server.settings import ServerSettings


def announce(settings: ServerSettings, addresses: Addresses, applied: list[str]) -> None:
    """Print where the server listens, and write it to server.json in the data folder."""
    state = {
        "pid": os.getpid(),
        "http": addresses.http,
        "grpc": addresses.grpc,
        "version": version("axonize"),
    }
    written = settings.data_path / "server.json.new"
    written.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    written.rename(settings.data_path / "server.json")
    print(_banner(settings, addresses, applied), flush=True)


def withdraw(settings: ServerSettings) -> None:
    """Remove server.json."""
    (settings.data_path / "server.json").unlink(missing_ok=True)


def _banner(settings: ServerSettings, addresses: Addresses, applied: list[str]) -> str:
    page = addresses.http + settings.root_path.rstrip("/")
    lines = [
        f"Axonize {version('axonize')} is ready.",
        f"  UI and API   {page}" + ("" if ui.is_built() else "  (UI not built; it says how)"),
        f"  OTLP gRPC    {addresses.grpc}",
        f"  OTLP HTTP    {addresses.http}/v1/traces",
        f"  Data         {settings.data_path}",
    ]
    if applied:
        lines.append(f"  Migrations   {', '.join(applied)}")
    return "\n".join(lines)
