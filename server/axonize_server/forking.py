"""Importing it imports gRPC without its fork handlers and its own log; nothing may do so before.

The server forks only to start PostgreSQL's programs, which use no gRPC: its handlers would do
nothing but say on stderr that they were skipped. Its core would write a line, past the server's
log, for each client that does not speak TLS. gRPC reads the variables when it is imported; the
programs that this process starts must not inherit them, for some of them may fork and use gRPC.
"""

from __future__ import annotations

import os

VARIABLES = {"GRPC_ENABLE_FORK_SUPPORT": "0", "GRPC_VERBOSITY": "ERROR"}

_before = {name: os.environ.get(name) for name in VARIABLES}  # noqa: TID251
os.environ.update({**VARIABLES, "GRPC_VERBOSITY": _before["GRPC_VERBOSITY"] or "ERROR"})  # noqa: TID251
import grpc  # noqa: E402, F401

for _name, _value in _before.items():
    if _value is None:
        del os.environ[_name]  # noqa: TID251
    else:
        os.environ[_name] = _value  # noqa: TID251
