"""One request's way through the engine: the steps it rode in and its share of them.

A batch of requests ends together, and each of them rode in the same steps. So what needs a walk
over steps is known to the run of steps that they share, and a request adds up its runs.
"""

from __future__ import annotations

from itertools import pairwise
from operator import sub
from typing import Any, NamedTuple

from axonize import semconv
from axonize.context import ROOT, SpanContext
from axonize.engine import names
from axonize.engine.identity import Engine
from axonize.gpu.attribution import Share
from axonize.ranks import spread
from axonize.recording import Meter, name_gpus
from axonize.speed import Span


class Step(NamedTuple):
    """What a request has to remember of a step; times in Unix ns."""

    number: int
    start_ns: int
    end_ns: int
    busy_ns: int  # 0 when that is charged to the run later, as with energy_uj
    total_tokens: int
    energy_uj: int | None = None  # None when it is not known


class Run:
    """Steps in a row with the same requests, each with as many tokens; they share the object."""

    __slots__ = ("_gaps", "_intervals", "busy_ns", "energy_uj", "steps")

    def __init__(self, *steps: Step) -> None:
        self.steps: list[Step] = []
        self.busy_ns = 0
        self.energy_uj: int | None = 0  # None when that of a step is not known
        self._gaps: list[int] = []
        self._intervals: tuple[list[int], int, dict[str, float]] | None = None
        for step in steps:
            self.add(step)

    def add(self, step: Step) -> None:
        """Go on for another step."""
        self.steps.append(step)
        self.charge(step.busy_ns, step.energy_uj)

    def charge(self, busy_ns: int, energy_uj: int | None) -> None:
        """Take what a step was charged; None when it is not known."""
        self.busy_ns += busy_ns
        if self.energy_uj is not None:
            self.energy_uj = None if energy_uj is None else self.energy_uj + energy_uj

    @property
    def total_tokens(self) -> int:
        """Return the tokens of each step."""
        return self.steps[0].total_tokens

    def gaps(self) -> list[int]:
        """Return the times between the ends of the steps in ns, the shortest first."""
        if len(self._gaps) + 1 < len(self.steps):
            ends = [step.end_ns for step in self.steps]
            self._gaps = sorted(map(sub, ends[1:], ends))
        return self._gaps

    def intervals_after(self, before: list[Run]) -> dict[str, float]:
        """Return the intervals between the tokens of these runs and this one.

        A batch that began together and ends together has the same, which are found once. Ids, for
        a run that held the ones before would keep all that ever were: those that were there when
        this one was known have ids of their own, and no ride has a newer one before it.
        """
        ids, known = list(map(id, before)), self._intervals
        if known is None or known[:2] != (ids, len(self.steps)):
            known = self._intervals = (ids, len(self.steps), _intervals([*before, self]))
        return known[2]


class Stretch(NamedTuple):
    """A run that a request rode in, with the same number of tokens in each step."""

    run: Run
    tokens: int
    prefill_tokens: int  # those of the tokens that are prompt


class Ride:
    """A request in the engine, from its arrival to its end; times in Unix ns."""

    __slots__ = (
        "accepted",
        "blocks",
        "context",
        "drafted",
        "end_ns",
        "last_step",
        "pauses",
        "queued_ns",
        "reason",
        "request_id",
        "span_id",
        "stretches",
        "trace_id",
    )

    def __init__(self, request_id: str, context: SpanContext | None, queued_ns: int) -> None:
        self.request_id = request_id
        self.context = context
        self.trace_id = context.trace_id if context else ""
        self.span_id = context.span_id if context else ""
        self.queued_ns = queued_ns
        self.stretches: list[Stretch] = []
        self.drafted = self.accepted = self.blocks = 0
        self.pauses: list[int] = []  # when it was preempted
        self.reason = ""
        self.end_ns = 0
        self.last_step = 0  # the last step that may have it in its batch

    def making(self) -> list[Run]:
        """Return the runs in which each step made a token for it.

        All do but those that read a part of the prompt that is not the last.
        """
        unfinished = self.reason in ("abort", "error")
        runs = []
        more: int = unfinished  # of the prompt is read after the stretch
        for run, _, prefill_tokens in reversed(self.stretches):
            if not (prefill_tokens and more):
                runs.append(run)
            more = prefill_tokens
        runs.reverse()
        return runs

    def time(self) -> Share:
        """Return its share of the engine's busy time, in ns."""
        share = Share()
        for run, tokens, _ in self.stretches:
            share.add(run.busy_ns, tokens, run.total_tokens)
        return share

    def energy(self) -> Share | None:
        """Return its share of the energy of its steps, in uJ; None when it is not known of all."""
        share = Share()
        for run, tokens, _ in self.stretches:
            if run.energy_uj is None:
                return None
            share.add(run.energy_uj, tokens, run.total_tokens)
        return share if self.stretches else None

    def scheduled_tokens(self) -> int:
        """Return its tokens over all steps."""
        return sum([tokens * len(run.steps) for run, tokens, _ in self.stretches])

    def prefill_tokens(self) -> int:
        """Return the prompt tokens among them, those read again after a preemption too."""
        return sum([prefill * len(run.steps) for run, _, prefill in self.stretches])

    def pauses_until_resumed(self) -> list[tuple[int, int]]:
        """Return when it was preempted and when a run with it began again, or its end."""
        if not self.pauses:
            return []
        begins = [stretch.run.steps[0].start_ns for stretch in self.stretches]
        return [
            (at, next((begin for begin in begins if begin > at), self.end_ns)) for at in self.pauses
        ]

    def description(self, made: list[Run]) -> dict[str, Any]:
        """Return the attributes that the request's own span carries too."""
        attributes: dict[str, Any] = {
            names.REQUEST_ID: self.request_id,
            names.STEP_COUNT: sum([len(stretch.run.steps) for stretch in self.stretches]),
            names.KV_CACHE_BLOCKS: self.blocks,
            names.PREEMPTION_COUNT: len(self.pauses),
            **(made[-1].intervals_after(made[:-1]) if made else {}),
        }
        if self.stretches:
            attributes[names.STEP_FIRST] = self.stretches[0].run.steps[0].number
            attributes[names.STEP_LAST] = self.stretches[-1].run.steps[-1].number
        if self.pauses:
            paused = sum(resumed - at for at, resumed in self.pauses_until_resumed())
            attributes[names.PREEMPTION_MS] = paused / 1e6
        if self.drafted:
            attributes[names.SPECULATION_DRAFT_TOKENS] = self.drafted
            attributes[names.SPECULATION_ACCEPTED_TOKENS] = self.accepted
        return attributes


def tell(ride: Ride, engine: Engine) -> dict[str, Any]:
    """Return what the front end wants to know of a ride that has ended."""
    made = ride.making()
    return {
        "attributes": {**engine.attributes, **ride.description(made)},
        "queued": ride.queued_ns,
        "scheduled": ride.stretches[0].run.steps[0].start_ns if ride.stretches else None,
        "first": made[0].steps[0].end_ns if made else None,
        "last": made[-1].steps[-1].end_ns if made else None,
        "pauses": ride.pauses_until_resumed(),
    }


def record(ride: Ride, engine: Engine, told: dict[str, Any], meter: Meter | None = None) -> None:
    """Write the span `engine.request` of a ride, once all its steps are charged.

    told: what the front end is told. meter: that of the engine's GPUs, where they are read.
    """
    seconds = float(ride.time()) / 1e9
    parent, attributes = ride.context or ROOT, told["attributes"]
    span = Span("engine.request", attributes, parent=parent, start_ns=ride.queued_ns)
    used = {
        semconv.GEN_AI_RESPONSE_FINISH_REASONS: [ride.reason],
        names.ENGINE_SCHEDULED_TOKENS: ride.scheduled_tokens(),
        names.ENGINE_PREFILL_TOKENS: ride.prefill_tokens(),
        names.ENGINE_SECONDS: seconds,
        names.GPU_COUNT: engine.gpu_count,
        names.GPU_SECONDS: seconds * engine.gpu_count,
    }
    if meter is not None:
        used |= _used(ride, seconds, meter)
    span.set_attributes(used)
    name_gpus(span, engine.gpus)
    add_pauses(span, told["pauses"])
    if ride.reason == "error":
        span.set_status("error")
    span.end(ride.end_ns)


def _used(ride: Ride, seconds: float, meter: Meter) -> dict[str, Any]:
    """Return the request's joules and cost, as far as they are known."""
    energy, price = ride.energy(), meter.usd_per_hour
    found: dict[str, Any] = {}
    if energy is not None:
        found[names.GPU_ENERGY_J] = float(energy) / 1e6
        found[names.GPU_ENERGY_SOURCE] = meter.source
    if price is not None:
        found[semconv.COST_USD] = seconds / 3600 * price
    return found


def add_pauses(span: Span, pauses: list[tuple[int, int]]) -> None:
    """Add the events of a request that was preempted, times in Unix ns."""
    for preempted, resumed in pauses:
        span.add_event("preempted", time_ns=preempted)
        span.add_event("resumed", time_ns=resumed)


def _intervals(made: list[Run]) -> dict[str, float]:
    """Return median, 99th percentile (nearest rank) and maximum of the times between tokens."""
    gaps = [after.steps[0].end_ns - before.steps[-1].end_ns for before, after in pairwise(made)]
    for run in made:
        gaps += run.gaps()
    if not gaps:
        return {}
    gaps.sort()  # ordered pieces are merged
    median, p99, longest = spread(gaps)
    return {
        semconv.ITL_P50_MS: median / 1e6,
        semconv.ITL_P99_MS: p99 / 1e6,
        semconv.ITL_MAX_MS: longest / 1e6,
    }
