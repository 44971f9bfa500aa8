"""What exporting does to a busy host: `python -m tests.bench.latency [seconds] [spans a second]`.

One thread repeats a small fixed piece of pure Python work, back to back, and makes spans of 12
attributes in between. Only the work is timed: what it takes longer is what the export in the
background, over gRPC to another process, takes away from the host.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from tests.bench.contenders import Contender, make
from tests.bench.sink import sink

QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
CASES = {"no spans": "", "axonize": "axonize", "opentelemetry": "opentelemetry"}


def work() -> int:
    """Take about 50 us."""
    return sum(number * number for number in range(1000))


def times_us(contender: Contender | None, seconds: float, rate: int) -> tuple[list[float], int]:
    """Return how long each piece of work took, and how many spans were made."""
    taken: list[float] = []
    made = 0
    begin = now = time.perf_counter()
    while now - begin < seconds:
        work()
        done = time.perf_counter()
        taken.append((done - now) * 1e6)
        if contender is not None:
            for _ in range(int((done - begin) * rate) - made):
                with contender.span():
                    made += 1
        now = time.perf_counter()
    return taken, made


def measure(name: str, address: str, seconds: float, rate: int) -> None:
    contender = make(name, address) if name else None
    times_us(contender, 1.0, rate)
    taken, made = times_us(contender, seconds, rate)
    taken.sort()
    row: dict[str, object] = {
        title: taken[int(len(taken) * quantile)] for title, quantile in QUANTILES.items()
    }
    if contender is not None:
        contender.flush()
        row |= {"spans/s": made / seconds, "lost": contender.lost()}
    print(json.dumps(row))


def in_a_process(name: str, address: str, seconds: float, rate: int) -> dict[str, float | str]:
    arguments = [name, address, str(seconds), str(rate)]
    command = [sys.executable, "-m", "tests.bench.latency", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    row: dict[str, float | str] = json.loads(done.stdout)
    return row


def main(seconds: float, rate: int) -> None:
    titles = [*QUANTILES, *(f"added {title}" for title in QUANTILES), "spans/s", "lost"]
    print(f"{'us of work':<15}" + "".join(f"{title:>13}" for title in titles))
    with sink() as address:
        alone: dict[str, float | str] = {}
        for title, name in CASES.items():
            row = in_a_process(name, address, seconds, rate)
            alone = alone or row
            for quantile in QUANTILES:
                row[f"added {quantile}"] = float(row[quantile]) - float(alone[quantile])
            cells = [row.get(each, "") for each in titles]
            shown = [f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells]
            print(f"{title:<15}" + "".join(f"{cell:>13}" for cell in shown))


if __name__ == "__main__":
    if len(sys.argv) == 5:
        measure(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
    else:
        given = sys.argv[1:] + ["10", "20000"][len(sys.argv) - 1 :]
        main(float(given[0]), int(given[1]))
