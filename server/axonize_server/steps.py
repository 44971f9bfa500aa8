"""The records of engine steps that pass between the rooms of the server; no I/O."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from axonize_server.model import AttributeValue, SpanStatus


class StepSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Which steps are wanted: those that start in [from_ns, to_ns), both Unix ns, newest first."""

    from_ns: int
    to_ns: int
    engine_id: str | None = None
    limit: int = 100


class StepKey(msgspec.Struct, frozen=True, order=True):
    """What no two steps share, in the order of lists; start in Unix ns."""

    start_ns: int
    engine_id: str
    number: int


class Engine(msgspec.Struct, frozen=True):
    """What the steps of one running engine say about it; unknown parts are empty."""

    engine_id: str
    name: str
    version: str
    model: str
    service_name: str
    host: str
    gpu_count: int


class EngineRecord(Engine, frozen=True, kw_only=True):
    """An engine and its steps in a time range; times in Unix ns."""

    step_count: int
    first_ns: int
    last_ns: int


class StepRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One step of an engine; times in Unix ns unless the name says otherwise.

    The lists are parallel, one entry a request; ids are lowercase hex, "" when unknown. Those of
    speculation may be empty. energy_j is 0 where it was not measured.
    """

    engine: Engine
    number: int
    start_ns: int
    end_ns: int
    status: SpanStatus
    status_message: str
    busy_seconds: float
    schedule_ms: float
    total_tokens: int
    running: int
    waiting: int
    kv_cache_usage: float
    cuda_graph_mode: str
    gpu_seconds: float
    energy_j: float
    attributes: dict[str, AttributeValue]
    preempted_ids: list[str]
    request_ids: list[str]
    trace_ids: list[str]
    span_ids: list[str]
    scheduled_tokens: list[int]
    prefill_tokens: list[int]
    draft_tokens: list[int]
    accepted_tokens: list[int]

    @property
    def key(self) -> StepKey:
        """Return the place of the step in lists."""
        return StepKey(self.start_ns, self.engine.engine_id, self.number)


class Ride(NamedTuple):
    """A request of a trace in an engine; an id means little outside its engine."""

    engine_id: str
    request_id: str
    span_id: str


class Rides(msgspec.Struct, frozen=True):
    """Where the requests of a trace rode, from first to last: starts of steps, Unix ns."""

    requests: list[Ride]
    first_ns: int
    last_ns: int


class StepRequest(msgspec.Struct, frozen=True):
    """A request of some steps; `own`: it belongs to the trace that was asked about."""

    request_id: str
    trace_id: str | None
    span_id: str | None
    own: bool


class TraceStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step that requests of a trace rode in, or were preempted for.

    `engine`, `preempted` and `requests` are indices; `scheduled_tokens` and `prefill_tokens` are
    parallel to `requests`. What is named own counts the requests of the trace alone, of which are
    those in `preempted`.
    """

    engine: int
    number: int
    start_ns: int
    end_ns: int
    total_tokens: int
    prefill_share: float
    own_scheduled_tokens: int
    own_prefill_tokens: int
    own_draft_tokens: int
    own_accepted_tokens: int
    energy_j: float
    own_energy_j: float
    running: int
    waiting: int
    kv_cache_usage: float
    preempted: list[int]
    requests: list[int]
    scheduled_tokens: list[int]
    prefill_tokens: list[int]


class TraceSteps(msgspec.Struct, frozen=True):
    """Steps of a trace by start, with what they name by index; start_ns is that of the trace."""

    start_ns: int
    engines: list[Engine]
    requests: list[StepRequest]
    steps: list[TraceStep]


class StepBucket(msgspec.Struct, frozen=True, kw_only=True):
    """The steps that start from start_ns (Unix ns) for one width, of all engines together.

    running, waiting: requests at a step, on average, added up over the engines. The KV usage is the
    engines' average, and the highest of any; 0 to 1.
    """

    start_ns: int
    steps: int
    running: float
    waiting: float
    kv_cache_usage: float
    max_kv_cache_usage: float
    tokens: int
    prefill_tokens: int
    preemptions: int
    busy_seconds: float
    gpu_seconds: float
    energy_j: float


class ModelSteps(msgspec.Struct, frozen=True, kw_only=True):
    """What the engines of a model did: busy seconds, those of all their GPUs, and joules."""

    model: str
    steps: int
    busy_seconds: float
    gpu_seconds: float
    energy_j: float
