"""The extension: when it is used, that it bounds its memory and leaves the GIL to others."""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
import threading
from collections import deque

import pytest
from axonize_server.ingest import native

from tests.server.ingest.otlp import EVERY_TYPE, body, span
from tests.server.ingest.test_bounds import MIB, field

needs_c = pytest.mark.skipif(not native.USING_C, reason="the C extension is not used")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
CHOICE = """
from axonize_server.ingest.decoder import new_decoder
print(type(new_decoder()).__name__)
"""


def choice(**environment: str) -> str:
    command = [sys.executable, "-c", CHOICE]
    return subprocess.check_output(command, env={**os.environ, **environment}, text=True).strip()


def test_axonize_pure_chooses_arrow():
    assert choice(AXONIZE_PURE="1") == "ArrowDecoder"


def test_the_extension_is_used_when_it_is_there():
    built = importlib.util.find_spec("axonize_server._decode")
    expected = "NativeDecoder" if built else "ArrowDecoder"
    assert choice(AXONIZE_PURE="") == expected


@needs_c
@pytest.mark.parametrize(
    "large",
    [
        field(1, field(2, field(2, b"") * (3 * MIB))),
        field(1, field(2, field(2, field(11, b"") * (9 * MIB)))),
        field(1, field(2, field(2, field(9, b"") * (9 * MIB)))),
        field(1, field(1, field(1, b"") * (9 * MIB))),
        body(*(span(i) for i in range(1, 1000)), resource={"command": "x" * MIB}),
    ],
    ids=["spans", "events", "attributes", "resource attributes", "a large resource"],
)
def test_what_grows_too_much_is_left_alone(large):
    block = native.new_block()

    assert block.add("t", large) is None
    assert block.add("t", body(span(1)))[:2] == (1, 0)


# Not ru_maxrss: in a child that begins as a copy of this process it is at first that of this one.
PEAK_KIB = """
def peak_kib():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
"""
WIDE = f"""{PEAK_KIB}
from axonize_server.ingest import native
from tests.server.ingest.otlp import body, span
from tests.server.ingest.test_bounds import MIB, field
spans = [span(i) for i in range(1, 1000)]
scope = field(1, field(1, b"x" * MIB)) + b"".join(field(2, s.SerializeToString()) for s in spans)
wide = [body(*spans, resource={{"command": "x" * MIB}}), field(1, field(2, scope))]
before = peak_kib()
assert all(native.new_block().add("t", each) is None for each in wide)
print(peak_kib() - before)
"""


@needs_linux
@needs_c
def test_what_is_too_wide_is_refused_before_it_is_written():
    more_kib = int(subprocess.check_output([sys.executable, "-c", WIDE], text=True))
    assert more_kib < 16 << 10


@needs_c
def test_a_request_that_is_left_alone_leaves_nothing():
    block, fresh = native.new_block(), native.new_block()
    block.add("t", body(span(1, EVERY_TYPE), span(2))[:-1])

    block.add("t", b"")
    fresh.add("t", b"")

    assert block.add("t", body(span(3)))[:2] == fresh.add("t", body(span(3)))[:2] == (1, 0)


USUAL = body(span(1, EVERY_TYPE | {"gpu.1.model": "H100", "": "x"}), span(2, trace_id=b"short"))
OTHER = body(
    span(3, {"gen_ai.request.model": "m", "cost.usd": 0.5, "new": 1}),
    resource={"service.name": "\N{GRINNING FACE}" * 100},
).replace("\N{GRINNING FACE}".encode(), b"\xff\xff\xff\xff")


def add_without_memory(block, one: bytes, after: int) -> bool:
    """Return whether the request was added though an allocation had failed, if one did."""
    native._decode.fail_allocation(after)
    try:
        block.add("t", one)
    except MemoryError:
        return False
    finally:
        native._decode.fail_allocation(-1)
    return True


def rows(block, clickhouse, path) -> list[tuple]:
    path.write_bytes(block.data())
    with clickhouse.client() as client:
        read = f"SELECT * FROM file('{path}', Native)"
        return client.query(read, query_formats={"*String": "bytes"}).result_rows


@needs_c
def test_a_request_for_which_there_is_no_memory_leaves_nothing(clickhouse, tmp_path):
    expected = native.new_block()
    for one in (OTHER, USUAL):
        expected.add("t", one)
    wanted = str(rows(expected, clickhouse, tmp_path / "expected"))
    failed = 0

    for after in itertools.count():
        block = native.new_block()
        if add_without_memory(block, OTHER, after):
            break
        failed += 1
        for one in (OTHER, USUAL):
            block.add("t", one)
        assert str(rows(block, clickhouse, tmp_path / "block")) == wanted

    assert failed > 20


@needs_c
def test_a_block_for_which_there_is_no_memory():
    for after in range(1000):
        native._decode.fail_allocation(after)
        try:
            block = native.new_block()
        except MemoryError:
            continue
        finally:
            native._decode.fail_allocation(-1)
        break

    assert after > 50
    assert block.add("t", USUAL)[:2] == (1, 1)


LEAKS = f"""{PEAK_KIB}
from axonize_server.ingest.decoder import NativeDecoder
from tests.server.ingest.test_native import OTHER, USUAL
from tests.server.steps import step

def decode(times):
    for _ in range(times):
        decoder = NativeDecoder()
        for one in [USUAL, OTHER, USUAL[:-1] + bytes([255])] * 20:
            decoder._block.add("t", one)
        decoder.finish()

decode(50)
before = peak_kib()
decode(2000)
print(peak_kib() - before)
"""


@needs_linux
@needs_c
def test_memory_is_given_back():
    grown_kib = int(subprocess.check_output([sys.executable, "-c", LEAKS], text=True))

    assert grown_kib < 1024


@needs_c
def test_a_block_that_was_cleared_is_as_a_new_one():
    block, fresh = native.new_block(), native.new_block()
    block.add("t", OTHER)

    kept = block.clear()

    block.add("t", USUAL)
    fresh.add("t", USUAL)
    assert block.data() == fresh.data()
    assert 0 < kept < MIB


@needs_c
def test_the_memory_of_a_large_block_is_not_kept(monkeypatch):
    small, large = native.new_block(), native.new_block()
    monkeypatch.setattr(native, "_spare", deque(maxlen=2))
    large.add("t", body(span(1, {"k": "x" * (70 * MIB)})))

    native.give_back(large)
    native.give_back(small)

    assert list(native._spare) == [small]
    assert native.new_block() is small


@needs_c
def test_other_threads_run_meanwhile():
    large = body(*(span(i, EVERY_TYPE) for i in range(1, 100))) * 300
    block = native.new_block()
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # nobody gives the GIL away unless asked to
    try:
        # This thread may get no processor before the other one is done, but not each time.
        assert any(
            is_seen(threading.Thread(target=block.add, args=("t", large))) for _ in range(20)
        )
    finally:
        sys.setswitchinterval(switch)


def is_seen(thread: threading.Thread) -> bool:
    """Run a thread; return whether this one ran before that was over."""
    thread.start()
    seen = thread.is_alive()
    thread.join()
    return seen


@needs_c
@pytest.mark.parametrize(
    "table", [(("a", "Decimal", ()),), (("a", "UInt8", ("k",)),), ("a",), ((1, "UInt8", ()),)]
)
def test_a_table_that_is_no_table_is_refused(table):
    with pytest.raises((TypeError, ValueError, SystemError)):
        native._decode.Block(table, (), (), (1, 1, 1, 1, 1, 1))
