"""One thread that reads every GPU, and what a span says of the GPUs that it names."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence

from axonize.gpu.backend import Counters, DiscoveredGPU, GPUBackend, GPUGone, Reading
from axonize.gpu.energy import Meter, Metered
from axonize.gpu.metrics import Sample, measure_rates
from axonize.gpu.visible import find_gpu
from axonize.guard import guarded

LOOK_AGAIN_S = 5.0  # for a GPU that went away
COUNT_EVERY_S = 1.0
PATIENCE_S = 0.05  # for a reading under way before a fork
MOST_LABELS = 1024  # remembered until the next reading
GIB = 2**30
Snapshot = tuple[tuple[DiscoveredGPU, Reading], ...]

_logger = logging.getLogger("axonize")


class Profiler:
    """Reads the GPUs every `interval_s` from the first describe() on, or from start().

    `started` is called once then. While `counting` is true it takes `samples` about once a second.

    Readers take the newest snapshot without a lock: it is replaced, never changed. Without a GPU
    or its library the thread says so once, at debug level, and ends.
    """

    def __init__(
        self,
        open_backend: Callable[[], GPUBackend],
        *,
        interval_s: float,
        started: Callable[[], object] = lambda: None,
        prices: Mapping[str, float] | None = None,
    ) -> None:
        self._open = open_backend
        self._interval_s = interval_s
        self._started = started
        self._prices = prices or {}
        self._meters: weakref.WeakSet[Meter] = weakref.WeakSet()
        self._backend: GPUBackend | None = None
        self._gpus: Sequence[DiscoveredGPU] = ()
        self._look_again = 0.0  # monotonic s
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._reading = threading.Lock()
        self._stopped = threading.Event()
        self.snapshot: Snapshot = ()
        self.counting = False
        self.samples: tuple[Sample, ...] = ()
        self.why_not = ""  # no GPU is read
        self._counted: dict[str, tuple[float, Counters]] = {}  # monotonic s, by UUID
        self._count_again = 0.0  # monotonic s
        self._described: tuple[Snapshot, dict[object, Mapping[str, str | float]]] = ((), {})

    def describe(self, number: int, label: str) -> Mapping[str, str | float]:
        """Return the attributes gpu.<number>.* of the GPU that a label means; never waits.

        Only the label before the first reading, and where it means no GPU.
        """
        if self._thread is None:
            self.start()
        snapshot, described = self._described
        if snapshot is not self.snapshot:
            snapshot, described = self._described = (self.snapshot, {})
        devices = _visible_devices()
        key = (number, label, devices)
        found = described.get(key)
        if found is None:
            found = self._describe(number, label, devices, snapshot)
            if len(described) < MOST_LABELS:
                described[key] = found
        return found

    @staticmethod
    def _describe(
        number: int, label: str, devices: str | None, snapshot: Snapshot
    ) -> Mapping[str, str | float]:
        gpu = find_gpu(label, [gpu for gpu, _ in snapshot], devices)
        reading = next((reading for each, reading in snapshot if each is gpu), None)
        told = {"label": label, **(_identity(gpu) if gpu else {})}
        values = _values(reading) if reading else {}
        return {f"gpu.{number}.{name}": value for name, value in {**told, **values}.items()}

    @property
    def running(self) -> bool:
        """Whether the thread has been started."""
        return self._thread is not None

    def start(self) -> None:
        """Read from now on; nothing when that is so already."""
        with self._starting:
            if self._thread is not None or self._stopped.is_set():
                return
            thread = threading.Thread(target=self._run, name="axonize-gpu", daemon=True)
            thread.start()
            self._thread = thread
        self._started()

    def meter(self, labels: Sequence[str]) -> Meter:
        """Return what charges the energy of these GPUs, which are read from now on, to steps."""
        meter = Meter(labels, self._prices)
        # What is known already is known to a call that ends before the next reading.
        meter.find([gpu for gpu, _ in self.snapshot], _visible_devices())
        self._meters.add(meter)
        self.start()
        return meter

    def stop(self) -> None:
        """End the thread; waits for a reading under way, though not for long."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def pause(self) -> bool:
        """Keep away from the library until resume(): nothing may be under way during a fork."""
        return self._reading.acquire(timeout=PATIENCE_S)

    def resume(self) -> None:
        """End a successful pause()."""
        self._reading.release()

    @guarded
    def _run(self) -> None:
        try:
            self._look()
        except GPUGone as reason:
            self.why_not = str(reason)
            _logger.debug("no GPU is profiled: %s", reason)
            return
        while not self._stopped.is_set():
            with guarded, self._reading:
                self._turn()
            self._stopped.wait(self._interval_s)
        if self._backend is not None:
            self._backend.close()

    def _turn(self) -> None:
        if self._look_again and time.monotonic() >= self._look_again:
            try:
                self._look()
            except GPUGone as reason:
                self._lose(reason)
        found = [(gpu, reading) for gpu in self._gpus if (reading := self._read(gpu))]
        self.snapshot = tuple(found)
        if self._meters:
            self._note_energy(found)
        if self.counting and time.monotonic() >= self._count_again:
            self._count_again = time.monotonic() + COUNT_EVERY_S
            self.samples = tuple(sample for each in found if (sample := self._sample(*each)))

    def _note_energy(self, found: Sequence[tuple[DiscoveredGPU, Reading]]) -> None:
        assert self._backend is not None
        metered = []
        for gpu, reading in found:
            try:
                counter = self._backend.read_energy(gpu)
            except GPUGone as reason:
                self._lose(reason)
                continue
            metered.append(Metered(gpu, reading, counter, time.monotonic_ns()))
        for meter in list(self._meters):
            meter.note(metered, _visible_devices())

    def _sample(self, gpu: DiscoveredGPU, reading: Reading) -> Sample | None:
        assert self._backend is not None
        try:
            counters = self._backend.read_counters(gpu)
        except GPUGone as reason:
            self._lose(reason)
            return None
        now = time.monotonic()
        then, before = self._counted.get(gpu.uuid, (now, Counters()))
        self._counted[gpu.uuid] = now, counters
        rates = measure_rates(before, counters, now - then)
        source = "estimated" if reading.power_estimated else self._backend.name
        return Sample(gpu, time.time_ns(), reading, counters, rates, source)

    def _look(self) -> None:
        """Start the library anew and find what there is."""
        if self._backend is not None:
            self._backend.close()
        self._backend = self._open()
        self._gpus = self._backend.discover()
        self._look_again = 0.0
        self.snapshot = tuple((gpu, Reading()) for gpu in self._gpus)

    def _read(self, gpu: DiscoveredGPU) -> Reading | None:
        assert self._backend is not None
        try:
            return self._backend.read(gpu)
        except GPUGone as reason:
            self._lose(reason)
            return None

    def _lose(self, reason: GPUGone) -> None:
        if not self._look_again or time.monotonic() >= self._look_again:
            _logger.debug("a GPU went away: %s", reason)
            self._look_again = time.monotonic() + LOOK_AGAIN_S


def _visible_devices() -> str | None:
    # Read each time: engines set it for their workers, after this module was imported.
    return os.environ.get("CUDA_VISIBLE_DEVICES")  # noqa: TID251 - CUDA's, no setting of ours


def _identity(gpu: DiscoveredGPU) -> dict[str, str | float]:
    return {
        "resource_uuid": gpu.uuid,
        "physical_uuid": gpu.physical_uuid,
        "model": gpu.model,
        "vendor": gpu.vendor,
        "node_id": gpu.node_id,
        "memory.total_gb": gpu.memory_total / GIB,
    }


def _values(reading: Reading) -> dict[str, float]:
    """Return what was read, without what this GPU does not tell."""
    used = reading.memory_used
    values = {
        "memory.used_gb": None if used is None else used / GIB,
        "utilization": reading.utilization,
        "power_watts": reading.power_watts,
        "power_estimated": True if reading.power_estimated else None,
        "temperature_celsius": reading.temperature_celsius,
        "clock_mhz": reading.clock_mhz,
    }
    return {name: value for name, value in values.items() if value is not None}
