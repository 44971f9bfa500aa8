"""In processes of their own: what is set holds for a whole process, and chDB reads it once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from axonize_server.allocators import LARGE_BYTES

MAPPED_BLOCKS = """
import ctypes, sys
from axonize_server.allocators import LARGE_BYTES, keep_little

libc = ctypes.CDLL(None)

class MallInfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks".split()]
    _fields_ += [(name, ctypes.c_size_t) for name in "hblkhd usmblks fsmblks uordblks".split()]
    _fields_ += [(name, ctypes.c_size_t) for name in "fordblks keepcost".split()]

libc.mallinfo2.restype = MallInfo2
if sys.argv[1] == "bounded":
    keep_little()
bytes(16 << 20)  # from here on glibc takes smaller blocks from the heap, unless it was told
before = libc.mallinfo2().hblks
kept = bytes(2 * LARGE_BYTES)
print(libc.mallinfo2().hblks - before)
"""
DECAY = """
import sys
from axonize_server.allocators import keep_little
from axonize_server.store.clickhouse.connection import ClientPool

keep_little()
pool = ClientPool(f"chdb://{sys.argv[1]}", size=1)
print(pool.columns("SELECT * FROM system.jemalloc_stats", {}, {})[0][0])
pool.close()
"""

HOLES = """
import os
from axonize_server.allocators import hand_back, keep_little

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

keep_little()
blocks = [b"x" * 100_000 for _ in range(1000)]
kept = blocks.pop()  # above what is freed now
blocks.clear()
before = resident()
hand_back()
print(before - resident())
"""


def run(program: str, argument: str) -> str:
    command = [sys.executable, "-c", program, argument]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True
    ).stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_a_large_block_is_mapped_by_itself_even_after_a_larger_one_was_freed():
    assert LARGE_BYTES < 16 << 20
    assert (run(MAPPED_BLOCKS, "as it comes"), run(MAPPED_BLOCKS, "bounded")) == ("0", "1")


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_holes_in_the_heap_are_handed_back():
    assert int(run(HOLES, "")) > 90_000_000


def test_clickhouse_hands_pages_back_within_a_second(tmp_path: Path):
    assert "arenas.dirty_decay_ms: 1000)" in run(DECAY, str(tmp_path / "clickhouse"))


def test_what_an_operator_says_of_jemalloc_holds(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("JE_MALLOC_CONF", "dirty_decay_ms:2000")
    assert "arenas.dirty_decay_ms: 2000)" in run(DECAY, str(tmp_path / "clickhouse"))
