"""Questions about engine steps, always for one tenant: by engine and time, and of one trace."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from axonize_server.model import NotFound
from axonize_server.query.cursor import Place, decode, encode
from axonize_server.query.ranges import check_range
from axonize_server.query.slices import slices
from axonize_server.steps import (
    Engine,
    EngineRecord,
    Rides,
    StepKey,
    StepRecord,
    StepRequest,
    StepSearch,
    TraceStep,
    TraceSteps,
)
from axonize_server.store.clickhouse.steps.reader import StepReader

NEWEST_FIRST, OLDEST_FIRST = "-steps", "steps"
_ID = re.compile(r"\d{1,19} .*", re.DOTALL)


def search(
    reader: StepReader, tenant: str, wanted: StepSearch, cursor: str | None
) -> tuple[list[StepRecord], str | None]:
    """Return one page of steps, newest first, and the cursor of the next page if there is one.

    Raises InvalidQuery for a range without time in it and for a cursor of another list.
    """
    check_range(wanted.from_ns, wanted.to_ns)
    after = _key(cursor, NEWEST_FIRST)
    last_ns = min(wanted.to_ns, after.start_ns + 1) if after else wanted.to_ns
    found: list[StepRecord] = []
    for start, end in slices(wanted.from_ns, last_ns, newest_first=True):
        part = msgspec.structs.replace(wanted, from_ns=start, to_ns=end)
        found += reader.steps(tenant, part, after, wanted.limit + 1 - len(found))
        if len(found) > wanted.limit:
            break
    return _page(found, wanted.limit, NEWEST_FIRST)


def engines(reader: StepReader, tenant: str, from_ns: int, to_ns: int) -> list[EngineRecord]:
    """Return the engines with steps in the range, the last seen first; raises InvalidQuery."""
    check_range(from_ns, to_ns)
    return reader.engines(tenant, from_ns, to_ns)


def trace_steps(
    reader: StepReader, tenant: str, trace_id: str, limit: int, cursor: str | None
) -> tuple[TraceSteps, str | None]:
    """Return one page of the steps of a trace by start; raises NotFound and InvalidQuery."""
    after = _key(cursor, OLDEST_FIRST)
    start_ns = reader.trace_start(tenant, trace_id)
    rides = reader.rides(tenant, trace_id, start_ns or 0)
    if rides is None:
        if start_ns is None:
            raise NotFound(f"no trace {trace_id}")
        return TraceSteps(start_ns, [], [], []), None
    found = reader.trace_steps(tenant, trace_id, rides, after, limit + 1)
    page, next_cursor = _page(found, limit, OLDEST_FIRST)
    table = _Table(trace_id, rides)
    steps = [table.add(step) for step in page]
    start_ns = rides.first_ns if start_ns is None else start_ns
    return TraceSteps(start_ns, list(table.engines), table.requests, steps), next_cursor


class _Table:
    """The engines and requests of steps, each once; steps name them by their place."""

    def __init__(self, trace_id: str, rides: Rides) -> None:
        self._trace_id = trace_id
        self._own = {(ride.engine_id, ride.request_id): ride.span_id for ride in rides.requests}
        self._places: dict[str, dict[tuple[str, str, str], int]] = {}
        self.engines: dict[Engine, int] = {}
        self.requests: list[StepRequest] = []

    def add(self, step: StepRecord) -> TraceStep:
        own = [at for at, trace_id in enumerate(step.trace_ids) if trace_id == self._trace_id]
        prefill = sum(step.prefill_tokens)
        return TraceStep(
            engine=self.engines.setdefault(step.engine, len(self.engines)),
            number=step.number,
            start_ns=step.start_ns,
            end_ns=step.end_ns,
            total_tokens=step.total_tokens,
            prefill_share=prefill / sum(step.scheduled_tokens) if prefill else 0.0,
            own_scheduled_tokens=_sum(step.scheduled_tokens, own),
            own_prefill_tokens=_sum(step.prefill_tokens, own),
            own_draft_tokens=_sum(step.draft_tokens, own),
            own_accepted_tokens=_sum(step.accepted_tokens, own),
            energy_j=step.energy_j,
            own_energy_j=_share(step, own),
            running=step.running,
            waiting=step.waiting,
            kv_cache_usage=step.kv_cache_usage,
            preempted=self._preempted(step),
            requests=self._requests(step),
            scheduled_tokens=step.scheduled_tokens,
            prefill_tokens=step.prefill_tokens if prefill else [],
        )

    def _requests(self, step: StepRecord) -> list[int]:
        requests = zip(step.request_ids, step.trace_ids, step.span_ids, strict=True)
        return self._place(step.engine.engine_id, requests)

    def _preempted(self, step: StepRecord) -> list[int]:
        engine_id = step.engine.engine_id
        requests = (
            (each, self._trace_id, self._own[engine_id, each])
            for each in step.preempted_ids
            if (engine_id, each) in self._own
        )
        return self._place(engine_id, requests)

    def _place(self, engine_id: str, requests: Iterable[tuple[str, str, str]]) -> list[int]:
        places = self._places.setdefault(engine_id, {})
        found = []
        for request in requests:
            place = places.get(request)
            if place is None:
                place = places[request] = len(self.requests)
                self.requests.append(self._request(*request))
            found.append(place)
        return found

    def _request(self, request_id: str, trace_id: str, span_id: str) -> StepRequest:
        own = trace_id == self._trace_id
        return StepRequest(request_id, trace_id or None, span_id or None, own)


def _share(step: StepRecord, own: list[int]) -> float:
    """Return the joules of some requests of a step, by scheduled tokens."""
    total = sum(step.scheduled_tokens)
    return step.energy_j * _sum(step.scheduled_tokens, own) / total if total else 0.0


def _sum(counts: list[int], places: list[int]) -> int:
    return sum(counts[place] for place in places) if counts else 0


def _page(found: list[StepRecord], limit: int, order: str) -> tuple[list[StepRecord], str | None]:
    page = found[:limit]
    if len(found) <= limit:
        return page, None
    last = page[-1].key
    return page, encode(Place(order, last.start_ns, f"{last.number} {last.engine_id}"))


def _key(cursor: str | None, order: str) -> StepKey | None:
    if not cursor:
        return None
    place = decode(cursor, order, _ID)
    number, _, engine_id = place.id.partition(" ")
    return StepKey(place.value, engine_id, int(number))
