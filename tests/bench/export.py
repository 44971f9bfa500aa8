"""CPU from a span's end to its bytes on the wire: `python -m tests.bench.export [spans]`.

A span has 12 attributes; it goes over gRPC to another process that answers at once. What is shown
is the process CPU time of making and sending the spans, less that of only making them.
"""

from __future__ import annotations

import subprocess
import sys
import time

from tests.bench.contenders import Contender, make
from tests.bench.sink import sink

CHUNK = 4096  # spans between two flushes


def cpu_us_per_span(contender: Contender, spans: int) -> float:
    begin = time.process_time()
    for _ in range(spans // CHUNK):
        for _ in range(CHUNK):
            with contender.span():
                pass
        contender.flush()
    return (time.process_time() - begin) / (spans // CHUNK * CHUNK) * 1e6


def measure(name: str, address: str, spans: int) -> None:
    contender = make(name, address or None)
    cpu_us_per_span(contender, 2 * CHUNK)
    print(cpu_us_per_span(contender, spans))
    if contender.lost() not in (0, "unknown"):
        raise SystemExit(f"{contender.lost()} spans were lost")


def in_a_process(name: str, address: str, spans: int) -> float:
    command = [sys.executable, "-m", "tests.bench.export", name, address, str(spans)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(spans: int) -> None:
    print(f"{'us of CPU a span':<20}{'making':>10}{'and sending':>14}{'sending':>10}")
    with sink() as address:
        for name in ("axonize", "opentelemetry"):
            runs = [
                (in_a_process(name, "", spans), in_a_process(name, address, spans))
                for _ in range(3)
            ]
            making, both = (min(column) for column in zip(*runs, strict=True))
            print(f"{name:<20}{making:>10.2f}{both:>14.2f}{both - making:>10.2f}")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
