"""Reports how the telemetry of this process is: spans sent and lost, hooks in place and missing."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from axonize import semconv
from axonize.export.delivery import RETRY_FOR_S
from axonize.export.exporter import Receipt, Rejected, Retryable
from axonize.otlp_metrics import Metric, Point, encode_metrics

LOOK_EVERY_S = 5.0  # whether something changed that is worth telling at once
LONGEST_SEND_S = 2.0
MOST_FAULTS = 50  # hooks that are named one by one
LONGEST_TEXT = 200  # characters
COMPONENT = {"otel.component.type": "axonize_worker", "otel.component.name": "axonize_worker/0"}
# Drops before the spans are encoded; what the others are called is what `delivery` counts.
BEFORE_EXPORT = {"buffer full": "queue_full", "sampling buffer full": "sampling_queue_full"}

_logger = logging.getLogger("axonize")


class HealthExport:
    """The way of the reports to the collector; the worker's thread uses it.

    Everything in a report is a total, so one that is lost is made good by the next and none is
    kept. `interval_s` 0 sends none; `may_send` says whether the collector is there at all.
    """

    def __init__(
        self,
        describe: Callable[[], Mapping[str, Any]],
        send: Callable[[bytes, float], Receipt],
        resource: Mapping[str, object],
        scope: tuple[str, str],
        *,
        interval_s: float,
        timeout_s: float,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self._describe = describe
        self._send = send
        self._resource = resource
        self._scope = scope
        self._interval_s = interval_s
        self._timeout_s = min(timeout_s, LONGEST_SEND_S)
        self._may_send = may_send
        self._look_at = self._due = self._not_before = 0.0  # monotonic s
        self._ending = False
        self._told: object = None

    def refresh(self) -> None:
        """Send a report when one is due, or spans were lost or hooks changed since the last."""
        now = time.monotonic()
        if not self._interval_s or now < self._not_before or not self._may_send():
            return
        if now < self._look_at and not self._ending:
            return
        self._look_at = now + min(LOOK_EVERY_S, self._interval_s)
        status = self._describe()
        news = (status.get("dropped"), status.get("patches"))
        if self._ending or now >= self._due or news != self._told:
            self._told, self._due = news, now + self._interval_s
            self._report(status)

    def end(self) -> None:
        """Let every refresh from now on send a report: these are the last numbers."""
        self._ending = True

    def _report(self, status: Mapping[str, Any]) -> None:
        metrics = describe_health(status, time.time_ns())
        request = encode_metrics(self._resource, self._scope, metrics)
        try:
            receipt = self._send(request, self._timeout_s)
        except Retryable as error:
            _logger.debug("the state of the SDK was not reported: %s", error)
        except Rejected as error:
            self._stand_down(str(error))
        else:
            if receipt.rejected_spans:
                self._stand_down(receipt.message)

    def _stand_down(self, why: str) -> None:
        """Leave a collector alone for a while that does not take such metrics."""
        _logger.debug("the collector takes no reports: %s", why)
        self._not_before = time.monotonic() + RETRY_FOR_S


def describe_health(status: Mapping[str, Any], time_ns: int) -> list[Metric]:
    """Return a process's status as OpenTelemetry's SDK metrics, and its hooks beside them."""
    dropped: Mapping[str, int] = status.get("dropped") or {}
    lost = {reason: count for reason, count in dropped.items() if reason not in BEFORE_EXPORT}
    exported = int(status.get("exported") or 0)

    def point(value: int, **attributes: str) -> Point:
        return Point(time_ns, value, {**COMPONENT, **attributes})

    return [
        Metric("otel.sdk.exporter.span.exported", "{span}", "counter", [
            point(exported),
            *(point(count, **_failed(reason)) for reason, count in lost.items() if count),
        ]),
        Metric("otel.sdk.processor.span.processed", "{span}", "counter", [
            point(exported + sum(lost.values())),
            *(
                point(dropped[reason], **_failed(name))
                for reason, name in BEFORE_EXPORT.items()
                if dropped.get(reason)
            ),
        ]),
        Metric("otel.sdk.processor.span.queue.size", "{span}", "updown", [
            point(int(status.get("waiting") or 0)),
        ]),
        Metric("axonize.sdk.hooks", "{hook}", "updown", [
            Point(time_ns, count, attributes)
            for count, attributes in _hooks(status.get("patches") or ())
        ]),
    ]  # fmt: skip


def _without_text(state: str, detail: str) -> str:
    """Return the detail; of an error only its type, for its text may name files of the host."""
    return detail.partition("(")[0] if state == "failed" else detail


def _failed(reason: str) -> dict[str, str]:
    return {semconv.ERROR_TYPE: reason}


def _hooks(rows: Iterable[tuple[str, str, str, str]]) -> Iterator[tuple[int, dict[str, str]]]:
    """Count the hooks of each integration by state, and name those that are not as they should."""
    rows = list(rows)
    counts = Counter((integration, state) for integration, _, state, _ in rows)
    for (integration, state), count in sorted(counts.items()):
        yield count, {"axonize.integration": integration, "axonize.hook.state": state}
    faults = [row for row in rows if row[2] in ("missing", "failed")]
    for integration, target, state, detail in faults[:MOST_FAULTS]:
        yield (
            1,
            {
                "axonize.integration": integration,
                "axonize.hook.state": state,
                "axonize.hook.target": target[:LONGEST_TEXT],
                "axonize.hook.detail": _without_text(state, detail)[:LONGEST_TEXT],
            },
        )
