"""The time of a device, by events."""

from __future__ import annotations

from axonize.device.timing import start_timing
from axonize.speed import Span
from tests.sdk.device.cuda import Cuda, Event


def timed(cuda: Cuda, pieces: int) -> dict[str, object]:
    timing, span = start_timing(0), Span("call")
    assert timing is not None
    cuda.stream.work(pieces)
    timing.stop()
    cuda.stream.work()  # what comes after the call
    assert not timing.ready()
    cuda.stream.catch_up()
    assert timing.ready()
    timing.tell(span)
    return span.attributes


def test_the_time_of_what_was_queued_in_between(cuda: Cuda) -> None:
    cuda.stream.work(7)  # what came before it
    assert timed(cuda, 3) == {
        "axonize.torch.device_ms": 3.0,
        "axonize.torch.device_ms.method": "cuda_events",
    }
    assert set(cuda.modes) == {0, 2}


def test_events_are_used_again(cuda: Cuda) -> None:
    timed(cuda, 1)
    made = Event.made
    for _ in range(3):
        timed(cuda, 1)
    assert Event.made == made


def test_a_capture_is_left_alone(cuda: Cuda) -> None:
    cuda.capturing = True
    assert start_timing(0) is None
    cuda.capturing = False
    timing, span = start_timing(0), Span("call")
    assert timing is not None
    cuda.capturing = True
    timing.stop()
    assert timing.ready()
    timing.tell(span)
    assert span.attributes == {}
