"""Bounds what the allocators of this process keep of memory that was freed.

Two of them take most of it. ClickHouse's, in this process, is jemalloc, which hands free pages
back over five seconds: at two hundred thousand spans a second that is 250 MiB. That of the C
library keeps what lies below a block still in use, and once a large block was freed it takes those
of up to 32 MiB from there, so that requests of many sizes leave 200 MiB of holes. Of the smaller
blocks the holes stay as well, 250 MiB of them for good after a minute of many requests.
"""

from __future__ import annotations

import ctypes
import os

# Read by jemalloc when chDB is loaded; an operator's own holds. Less than a second costs time for
# pages that are wanted again at once.
JEMALLOC = {"JE_MALLOC_CONF": "dirty_decay_ms:1000"}
# From mallopt(3). Blocks this large are mapped and handed back each by itself: a group of requests
# on its way into ClickHouse, several of them at a time. Bodies are smaller and stay on the heap.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGE_BYTES, SPARE_BYTES = 1 << 20, 8 << 20
# Who allocates waits for it meanwhile: each second, one answer in a hundred took 50 ms.
HAND_BACK_EVERY_S = 10.0


def keep_little() -> None:
    """Set both up; call it before chDB is loaded. Where there is no glibc, only what there is."""
    for name, value in JEMALLOC.items():
        os.environ.setdefault(name, value)  # noqa: TID251
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(M_TRIM_THRESHOLD, SPARE_BYTES)


def hand_back() -> None:
    """Give the system the pages of the C library's heap that hold nothing; 5 to 30 ms when busy."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
