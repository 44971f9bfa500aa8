"""What examples start and tests share, from the first one that wants it to the last test."""

from __future__ import annotations

from contextlib import ExitStack

# Not for atexit: no thread begins by then, so a gRPC server that is sent something at that moment
# loses the thread that stops it, and its process never ends.
UNTIL_THE_END = ExitStack()
