"""Importing it switches off gRPC's fork handlers in this process; gRPC must not be imported yet.

The server forks only to start PostgreSQL's programs, which use no gRPC: its handlers would do
nothing but say on stderr that they were skipped. gRPC reads the variable when it is imported.
"""

from __future__ import annotations

import os

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # noqa: TID251
