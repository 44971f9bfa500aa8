"""Importing it imports gRPC without its fork handlers; nothing may have imported gRPC before.

The server forks only to start PostgreSQL's programs, which use no gRPC: its handlers would do
nothing but say on stderr that they were skipped. gRPC reads the variable when it is imported; the
programs that this process starts must not inherit it, for some of them may fork and use gRPC.
"""

from __future__ import annotations

import os

VARIABLE = "GRPC_ENABLE_FORK_SUPPORT"

_before = os.environ.get(VARIABLE)  # noqa: TID251
os.environ[VARIABLE] = "0"  # noqa: TID251
import grpc  # noqa: E402, F401

if _before is None:
    del os.environ[VARIABLE]  # noqa: TID251
else:
    os.environ[VARIABLE] = _before  # noqa: TID251
