"""What Axonize reads of a real GPU: python -m tests.gpu.reader SECONDS, as one line of JSON.

In a process of its own: other tests load a library of the same name. Of cuda:0 every reading with
its counters, what the energy counter gained, the joules that a meter charges to steps of 0.125 s
and to the rests between them, and those that the power comes to.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import Any

from axonize.gpu import open_backend
from axonize.gpu.energy import Curve
from axonize.gpu.ledger import Ledger
from axonize.gpu.profiler import Profiler

INTERVAL_S = 0.1
STEP_S = 0.25


def main() -> None:
    seconds = float(sys.argv[1])
    backend = open_backend()
    gpu = next(each for each in backend.discover() if each.mig is None)
    profiler = Profiler(open_backend, interval_s=INTERVAL_S)
    meter = profiler.meter(["cuda:0"])
    while meter.charge(time.monotonic_ns(), time.monotonic_ns()) is None:
        time.sleep(INTERVAL_S)
    ledger, power = Ledger(meter, time.monotonic_ns()), Curve()
    before, began = backend.read_energy(gpu), time.monotonic_ns()
    meter.charge(began, began)
    readings, charged = [], 0
    while time.monotonic_ns() < began + seconds * 1e9:
        reading = backend.read(gpu)
        power.note(time.monotonic_ns(), None, reading.power_watts)
        counters = asdict(backend.read_counters(gpu))
        readings.append({**asdict(reading), **counters, "time_ns": time.time_ns()})
        time.sleep(STEP_S)
        now = time.monotonic_ns()
        charge = ledger.charge(now - round(STEP_S * 5e8), now)
        charged += (charge.energy_uj or 0) + (charge.idle_uj or 0)
    after, ended = backend.read_energy(gpu), time.monotonic_ns()
    profiler.stop()
    print(json.dumps(_answer(asdict(gpu), readings, (before, after), charged, power.at(ended))))


def _answer(
    gpu: dict[str, Any],
    readings: list[dict[str, Any]],
    counter: tuple[int | None, int | None],
    charged_uj: int,
    power_uj: int | None,
) -> dict[str, Any]:
    before, after = counter
    used = None if before is None or after is None else (after - before) / 1e3
    return {
        "gpu": gpu,
        "readings": readings,
        "counter_j": used,
        "charged_j": charged_uj / 1e6,
        "power_j": None if power_uj is None else power_uj / 1e6,
    }


if __name__ == "__main__":
    main()
