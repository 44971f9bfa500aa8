"""Sends what the profiler samples: metrics of the GPUs, from one process of a machine."""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from axonize.config import Config
from axonize.export.delivery import RETRY_FOR_S, Delivery
from axonize.export.exporter import Receipt
from axonize.gpu.backend import DiscoveredGPU
from axonize.gpu.identity import describe_identities
from axonize.gpu.metrics import Sample, describe_samples
from axonize.gpu.profiler import Profiler
from axonize.host_lock import HostLock
from axonize.otlp_metrics import Metric, encode_metrics

IDENTIFY_EVERY_S = 60.0
CAPACITY = 2**20  # bytes that wait for the collector: some minutes of one GPU

_logger = logging.getLogger("axonize")


def lock_path(folder: Path, config: Config) -> Path:
    """Return the file whose lock says who exports to this collector with this key."""
    whereto = "\n".join([config.endpoint, config.api_key, *map(str, config.headers.items())])
    return folder / f"gpus-{zlib.crc32(whereto.encode()):08x}.lock"  # hashlib costs start-up 2 ms


class GPUExport:
    """The way of the samples to the collector; the worker's thread uses it, others read."""

    def __init__(
        self,
        profiler: Profiler,
        lock: HostLock,
        send: Callable[[bytes, float], Receipt],
        resource: Mapping[str, object],
        scope: tuple[str, str],
        *,
        timeout_s: float,
    ) -> None:
        self._profiler = profiler
        self._lock = lock
        self._resource = resource
        self._scope = scope
        self._delivery = Delivery(
            send, capacity_bytes=CAPACITY, timeout_s=timeout_s, what="GPU metric points"
        )
        self._full = 0
        self._taken: Sequence[Sample] = ()
        self._identified: tuple[DiscoveredGPU, ...] = ()
        self._identify_again = 0.0  # monotonic s
        self._not_before = 0.0  # monotonic s
        self.exporting = False

    def refresh(self) -> None:
        """Send the samples that are new, if this process is the one that does."""
        self.exporting = self._may_export()
        self._profiler.counting = self.exporting
        if not self.exporting:
            return
        samples = self._profiler.samples
        if samples is not self._taken:
            self._taken = samples
            self._add(samples)
        rejected = self._delivery.dropped["rejected"]
        while self._delivery.attempt():
            pass
        if self._delivery.dropped["rejected"] > rejected and not self._delivery.exported:
            self._stand_down()

    def stop(self) -> None:
        """Give up what waits, and let another process export."""
        self._delivery.give_up("exit")
        self.release()

    def release(self) -> None:
        """Let another process export."""
        self.exporting = self._profiler.counting = False
        self._lock.release()

    def describe(self) -> Mapping[str, Any]:
        """Return what the status file says of the profiler and its metrics."""
        delivery = self._delivery
        return {
            "running": self._profiler.running,
            "gpus": len(self._profiler.snapshot),
            "why_not": self._profiler.why_not,
            "exporting": self.exporting,
            "points_exported": delivery.exported,
            "points_dropped": {"full": self._full, **delivery.dropped},
            "last_error": delivery.last_error,
        }

    def _may_export(self) -> bool:
        if not self._profiler.snapshot or time.monotonic() < self._not_before:
            return False
        try:
            return self._lock.acquire()
        except OSError as error:
            _logger.debug("GPU metrics are not exported: %s", error)
            return False

    def _add(self, samples: Sequence[Sample]) -> None:
        metrics = [*describe_samples(samples), *self._identify(samples)]
        points = sum(len(metric.points) for metric in metrics)
        if self._delivery.has_room:
            self._delivery.add(encode_metrics(self._resource, self._scope, metrics), points)
        else:
            self._full += points

    def _identify(self, samples: Sequence[Sample]) -> list[Metric]:
        """Return which GPUs they are when that has changed, and once a minute."""
        gpus = tuple(sample.gpu for sample in samples)
        now = time.monotonic()
        if not gpus or (gpus == self._identified and now < self._identify_again):
            return []
        self._identified, self._identify_again = gpus, now + IDENTIFY_EVERY_S
        return [describe_identities(gpus, samples[0].time_ns)]

    def _stand_down(self) -> None:
        """Leave a collector alone for a while that takes no metrics at all."""
        self._not_before = time.monotonic() + RETRY_FOR_S
        self._delivery.give_up("rejected")
        self.release()
