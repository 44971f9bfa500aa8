"""Work without steps: which spans occupy which GPUs of this process, and what that came to.

A span occupies the GPUs that it names until it ends, but for those that a span around it occupies
already or that an engine with steps has claimed. Its own share stands on it; what the calls of a
model had, and what was idle, is recorded every ten seconds, because calls may be many.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from axonize import recording, semconv
from axonize.context import KEPT
from axonize.engine import names
from axonize.engine.books import Books
from axonize.engine.desk import Desk, Gains, Part
from axonize.recording import Meter, meter_gpus
from axonize.speed import Span

RECORD_EVERY_NS = 10 * 10**9
MOST_GPUS = 64  # more labels than that are no GPUs
READ, MADE = semconv.GEN_AI_USAGE_INPUT_TOKENS, semconv.GEN_AI_USAGE_OUTPUT_TOKENS
MODELS = (semconv.GEN_AI_REQUEST_MODEL, semconv.TRITON_MODEL_NAME, semconv.MODEL_CLASS)


class Tally:
    """What the calls of one model had of a GPU and is not recorded yet."""

    def __init__(self) -> None:
        self.part = Part()
        self.calls = self.input_tokens = self.output_tokens = 0


class Held:
    """A GPU that this process holds, as it is called here."""

    def __init__(self, label: str, began: int) -> None:
        self.label = label
        self.meter: Meter | None = meter_gpus((label,))
        self.desk = Desk(self.meter, began)
        self.books = Books(1, self.meter, began)  # for what its records say
        self.id = f"{names.CALLS}{os.urandom(4).hex()}-{label}"
        self.model = ""  # that worked on it last
        self.tallies: dict[str, Tally] = {}
        self.recorded = began

    def tally(self, model: str) -> Tally:
        """Return that of a model."""
        return self.tallies.get(model) or self.tallies.setdefault(model, Tally())


class Work:
    """A span's work: the GPUs that it occupies, and the work of the span around it."""

    __slots__ = ("__weakref__", "_calls", "gains", "model", "outer", "over", "parts", "tokens")

    def __init__(self, calls: Calls, outer: Work | None, model: str) -> None:
        self._calls = calls
        self.outer = outer
        self.model = model
        self.tokens = (0, 0)  # read and made, by the spans inside
        self.gains: dict[Held, Gains] = {}
        self.parts: dict[Held, Part] = {}
        self.over = False

    def ended(self, span: Span) -> None:
        """Write the span's share on it."""
        self._calls.ended(self, span)

    def inner(self) -> Work:
        """Return the work of a span inside that is not a child."""
        return Work(self._calls, self, "")

    def occupies(self, held: Held) -> bool:
        """Whether it, or a span around it, occupies a GPU."""
        work: Work | None = self
        while work is not None and (work.over or held not in work.gains):
            work = work.outer
        return work is not None

    def __del__(self) -> None:
        if self.gains and not self.over:
            self._calls.lost.append(self)  # no more: this may be in the middle of anything


class Turn:
    """A lock that says whether its thread comes for the first time.

    What is collected, or a signal, may end a span in the middle of anything.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0

    def __enter__(self) -> bool:
        self._lock.acquire()
        self._depth += 1
        return self._depth == 1

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        self._lock.release()


class Calls:
    """The calls of this process and the GPUs that it holds, from any thread.

    refresh() is to be called now and then, close() at the end. After a fork what was begun before
    is the parent's: there `over` is set instead.
    """

    def __init__(self) -> None:
        self._turn = Turn()
        self._held: dict[str, Held] = {}
        self._under_way: dict[int, weakref.ref[Work]] = {}
        self._record_at = time.monotonic_ns() + RECORD_EVERY_NS
        self.lost: deque[Work] = deque()  # spans that went away without an end
        self.over = False

    def begin(self, span: Span, labels: Sequence[str]) -> None:
        """Have a span occupy GPUs from now on, as far as they are free for it."""
        around = span._work
        if not isinstance(around, Work) or around.over or around._calls is not self:
            around = None
        own = around if span._works and around else None
        work = own or Work(self, around, _model(span.attributes))
        with self._turn as is_first:
            if not is_first or self.over:
                return
            now = self._look()
            for label in labels:
                held = self._held.get(label) or self._hold(label, now)
                if held is not None and not work.occupies(held):
                    work.gains[held] = held.desk.began(now)
                    work.parts[held] = Part()
            if work.gains:
                self._under_way[id(work)] = weakref.ref(work)
        if own is None and (work.gains or around is not None):
            span._begin_work(work)

    def hold(self, span: Span, labels: Sequence[str]) -> None:
        """Hold GPUs since a span began, for the model that it has loaded."""
        with self._turn as is_first:
            if not is_first:
                return
            since = self._look() - max(0, time.time_ns() - span.start_ns)
            for held in filter(None, [self._hold(label, since) for label in labels]):
                held.model = held.model or _model(span.attributes)

    def make_way(self) -> None:
        """Leave the GPUs that engines have claimed."""
        with self._turn as is_first:
            if is_first and not self.over:
                self._look()

    def ended(self, work: Work, span: Span) -> None:
        """Take a span that is about to end."""
        if work.over or self.over:  # before the lock, which a parent may have held as it forked
            return
        attributes = span.attributes
        model, (read, made) = _model(attributes) or work.model, _tokens(attributes)
        if not (read or made):
            read, made = work.tokens
        with self._turn as is_first:
            if work.over or self.over:
                return
            if not is_first:
                self.lost.append(work)
                return
            self._leave(work, model, self._look())
            for held in work.gains:
                if not held.desk.closed:
                    tally = held.tallies[model]
                    tally.calls += 1
                    tally.input_tokens += read
                    tally.output_tokens += made
                    break
            if work.outer is not None and not work.gains:
                work.outer.model = work.outer.model or model
                outer_read, outer_made = work.outer.tokens
                work.outer.tokens = (outer_read + read, outer_made + made)
        if work.gains:
            span.set_attributes(_told(work, attributes))

    def refresh(self) -> None:
        """Charge what is known by now, and record what has come together when it is time."""
        if not self._held:
            return
        if time.monotonic_ns() >= self._record_at:
            self._record_at = time.monotonic_ns() + RECORD_EVERY_NS
            self._record_all()
        else:
            with self._turn as is_first:
                if is_first:
                    self._settle(self._look())

    def close(self) -> None:
        """Record everything up to now, and nothing from now on."""
        if not self.over:
            self._record_all(last=True)

    def _look(self) -> int:
        """Take what happened behind the back, and return the time."""
        while self.lost:
            work = self.lost.popleft()
            self._leave(work, work.model, time.monotonic_ns())
        if recording.has_claims:
            self._make_way()
        return time.monotonic_ns()

    def _make_way(self) -> None:
        """Leave the GPUs that engines have claimed."""
        claimed = {
            _identify(label): claim.since
            for claim in list(recording.claims.values())
            for label in claim.labels
        }
        for held in set(self._held.values()):
            since = claimed.get(_identify(held.label))
            if since is not None:
                held.desk.close(since)
                self._take_back(held)
                self._record(held, since)
                self._held = {key: each for key, each in self._held.items() if each is not held}

    def _hold(self, label: str, since: int) -> Held | None:
        """Return the GPU that a label means, held from a moment on at the latest."""
        held = self._held.get(label)
        if held is not None or label.startswith("cpu") or len(self._held) >= MOST_GPUS:
            return held
        name = _identify(label)
        if any(name == _identify(each) for c in recording.claims.values() for each in c.labels):
            return None
        known = (each for each in self._held.values() if _identify(each.label) == name)
        held = self._held[label] = next(known, None) or Held(label, since)
        return held

    def _leave(self, work: Work, model: str, now: int) -> None:
        self._under_way.pop(id(work), None)
        work.over = True
        for held in work.gains:
            held.desk.ended(now)
            held.desk.share(work.gains[held], work.parts[held], held.tally(model).part)
            held.model = model

    def _take_back(self, held: Held) -> None:
        """Give the models what calls under way have had up to now."""
        for work in [work for ref in self._under_way.values() if (work := ref())]:
            if held in work.gains:
                parts = work.parts[held], held.tally(work.model or held.model).part
                work.gains[held] = held.desk.share(work.gains[held], *parts)

    def _settle(self, now: int) -> None:
        for held in self._held.values():
            held.desk.settle(now)

    def _record_all(self, *, last: bool = False) -> None:
        with self._turn as is_first:
            if is_first:
                now = self._look()
                self._settle(now)
                for held in dict.fromkeys(self._held.values()):
                    self._take_back(held)
                    self._record(held, now)
            self.over = self.over or last

    def _record(self, held: Held, now: int) -> None:
        """Record what is known of a GPU up to a moment, monotonic ns; idle time is the last's."""
        held.tally(held.model)
        tallies, held.tallies = held.tallies, {}
        idle, held.desk.idle = held.desk.idle, Part()
        for model, tally in tallies.items():
            _record(held, model, tally, idle if model == held.model else Part(), now)
        held.recorded = now


def _record(held: Held, model: str, tally: Tally, idle: Part, now: int) -> None:
    """Record a model's calls; what has no joules is told apart, so that the rest has them."""
    part, books = tally.part, held.books
    (time_ns, energy_uj, rest), (idle_ns, idle_uj, idle_rest) = part.floats(), idle.floats()
    measured, unmeasured = (time_ns, energy_uj, idle_ns, idle_uj), (rest, None, idle_rest, None)
    end_ns = time.time_ns() - (time.monotonic_ns() - now)
    start_ns = end_ns - (now - held.recorded)
    for offset, amounts in enumerate((measured, unmeasured)):
        if not (any(amounts) or (tally.calls and not offset)):
            continue
        books.left = 0 if tally.calls == 0 else tally.calls
        attributes = {
            names.ENGINE_ID: f"{held.id}-{model}",
            names.ENGINE_NAME: "calls",
            names.GPU_RULE: "calls",
            names.STEP_NUMBER: 0,
            semconv.GEN_AI_REQUEST_MODEL: model,
            **_counts(tally),
            **books.describe(*amounts),
        }
        tally.calls = tally.input_tokens = tally.output_tokens = 0
        # No two records of an engine start at the same time: it is what tells them apart.
        Span("engine.calls", attributes, parent=KEPT, start_ns=start_ns + offset).end(
            max(end_ns, start_ns + offset)
        )


def _counts(tally: Tally) -> dict[str, Any]:
    total = tally.input_tokens + tally.output_tokens
    if not total:
        return {}
    return {
        names.STEP_TOTAL_TOKENS: total,
        names.STEP_REQUEST_IDS: ("",),
        names.STEP_TRACE_IDS: ("",),
        names.STEP_SPAN_IDS: ("",),
        names.STEP_SCHEDULED_TOKENS: (total,),
        names.STEP_PREFILL_TOKENS: (tally.input_tokens,),
    }


def _told(work: Work, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a call had, in all."""
    seconds = energy = usd = 0.0
    source, measured, priced = SOURCES[0], True, True
    for held, part in work.parts.items():
        time_ns, energy_uj, unmeasured = part.floats()
        meter, own = held.meter, (time_ns + unmeasured) / 1e9
        seconds += own
        if meter is None or unmeasured:
            measured = False
        else:
            energy += energy_uj / 1e6
            if meter.source != source:
                source = max(source, meter.source, key=SOURCES.index)
        price = None if meter is None else meter.usd_per_hour
        priced = priced and price is not None
        usd += own / 3600 * (price or 0.0)
    found: dict[str, Any] = {
        names.GPU_COUNT: len(work.parts),
        names.GPU_SECONDS: seconds,
        names.GPU_RULE: "calls",
    }
    if measured:
        found[names.GPU_ENERGY_J], found[names.GPU_ENERGY_SOURCE] = energy, source
    if priced and semconv.COST_USD not in attributes:
        found[semconv.COST_USD] = usd
    return found


SOURCES = ("counter", "power", "estimated")  # the best first


def _model(attributes: Mapping[str, Any]) -> str:
    for name in MODELS:
        if name in attributes:
            return str(attributes[name])
    return ""


def _tokens(attributes: Mapping[str, Any]) -> tuple[int, int]:
    read, made = attributes.get(READ, 0), attributes.get(MADE, 0)
    return read if isinstance(read, int) else 0, made if isinstance(made, int) else 0


def _identify(label: str) -> str:
    """Return the UUID of the GPU that a label means; as long as that is not known, its name."""
    told = recording.describe_gpu(0, label) if recording.describe_gpu is not None else {}
    return str(told.get("gpu.0.resource_uuid") or (f"{label}:0" if label in KINDS else label))


KINDS = ("cuda", "mps")
