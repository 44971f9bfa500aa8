"""Pieces of time put together to parts, each with what is stored that says so."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from axonize_server.model import SpanNode
from axonize_server.query.explain import words
from axonize_server.query.explain.records import (
    NOTHING,
    Cause,
    Evidence,
    MateEvidence,
    Part,
    PartKind,
    SpanEvidence,
    StepEvidence,
    TraceEvidence,
)
from axonize_server.query.explain.timeline import Piece
from axonize_server.steps import StepRecord

CAUSES: Mapping[PartKind, Cause] = {
    "cold_start": "cold_start",
    "client": "client",
    "preprocess": "preprocess",
    "wait_prefill": "prefill_of_others",
    "queue_prefill": "prefill_of_others",
    "wait_decode": "running_requests",
    "queue_decode": "running_requests",
    "unscheduled": "running_requests",
    "wait": "engine",
    "queue": "engine",
    "prefill": "prompt",
    "prefill_shared": "slow_mates",
    "decode": "output",
    "decode_shared": "slow_mates",
    "preempted": "preemption",
    "recompute": "preemption",
    "between_steps": "between_steps",
    "delivery": "delivery",
    "own_time": "own_time",
}
# Kinds in which those who read a prompt in the step are behind it; the others name all mates.
_PREFILLS = ("wait_prefill", "queue_prefill", "prefill_shared", "decode_shared")
MOST = 10
MOST_NAMES = 20
_NUMBER = re.compile(r"\d+")


class Extra(NamedTuple):
    """What is known of a kind of part beside its pieces."""

    traces: list[TraceEvidence]
    counters: dict[str, float]


def gather(
    pieces: Sequence[Piece], spans: Sequence[SpanNode], extras: Mapping[PartKind, Extra]
) -> list[Part]:
    """Return the parts that the pieces come to, the largest first.

    Own time is told apart by the span's name, but for numbers in it, and by its service.
    """
    groups: Groups = {}
    for piece in pieces:
        span = spans[piece.span]
        own = piece.kind in ("own_time", "client")
        name, service = (_NUMBER.sub("*", span.name), span.service_name) if own else ("", "")
        groups.setdefault((piece.kind, name, service), []).append(piece)
    parts = [
        _part(kind, service, group, spans, extras.get(kind))
        for (kind, _, service), group in _largest(groups).items()
    ]
    return sorted(parts, key=lambda part: (-part.duration_ns, part.start_offset_ns, part.kind))


Groups = dict[tuple[PartKind, str, str], list[Piece]]


def _largest(groups: Groups) -> Groups:
    """Return all that is no span's own time, and the most of that; the rest of it is one group."""
    own = sorted(
        (key for key in groups if key[0] == "own_time"), key=lambda key: -_time(groups[key])
    )
    rest = set(own[MOST_NAMES:])
    kept = {key: group for key, group in groups.items() if key not in rest}
    together = [piece for key in own[MOST_NAMES:] for piece in groups[key]]
    return {**kept, ("own_time", "", ""): together} if together else kept


def _time(pieces: list[Piece]) -> int:
    return sum(piece.end - piece.start for piece in pieces)


def _name(kind: PartKind, pieces: list[Piece], spans: Sequence[SpanNode]) -> str:
    """Return the name of the spans; where theirs differ by numbers, with those left out."""
    if kind not in ("own_time", "client"):
        return ""
    names = {spans[piece.span].name for piece in pieces}
    if len(names) == 1:
        return names.pop()
    alike = {_NUMBER.sub("*", name) for name in names}
    return alike.pop() if len(alike) == 1 else "other spans"


def _part(
    kind: PartKind,
    service: str,
    pieces: list[Piece],
    spans: Sequence[SpanNode],
    extra: Extra | None,
) -> Part:
    evidence, name = _evidence(kind, pieces, spans, extra), _name(kind, pieces, spans)
    return Part(
        kind=kind,
        cause=CAUSES[kind],
        name=name,
        service_name=service or spans[pieces[0].span].service_name,
        text=words.describe(kind, name, evidence),
        duration_ns=_time(pieces),
        start_offset_ns=min(piece.start for piece in pieces),
        end_offset_ns=max(piece.end for piece in pieces),
        evidence=evidence,
    )


def _evidence(
    kind: PartKind, pieces: list[Piece], spans: Sequence[SpanNode], extra: Extra | None
) -> Evidence:
    times: Counter[int] = Counter()
    for piece in pieces:
        times[piece.span] += piece.end - piece.start
    mates = _mates(kind, pieces)
    traces, counters = extra or Extra([], {})
    if kind in _PREFILLS:
        counters = {**counters, "others_prefill_tokens": sum(each.prefill_tokens for each in mates)}
    return replace(
        NOTHING,
        spans=[SpanEvidence(spans[at].span_id, time) for at, time in times.most_common(MOST)],
        span_count=len(times),
        steps=_steps(pieces),
        mates=mates[:MOST],
        mate_count=len(mates),
        traces=traces,
        counters={**_counters(kind, pieces), **_tokens(kind, list(times), spans), **counters},
    )


def _steps(pieces: list[Piece]) -> list[StepEvidence]:
    engines: dict[str, dict[int, Piece]] = {}
    for piece in pieces:
        if piece.step:
            engines.setdefault(piece.step.engine.engine_id, {})[piece.step.number] = piece
    return [
        StepEvidence(
            engine_id=engine_id,
            first=min(known),
            last=max(known),
            count=len(known),
            slowest=slowest.step.number if slowest.step else 0,
            slowest_offset_ns=slowest.start,
            slowest_ns=slowest.end - slowest.start,
        )
        for engine_id, known in engines.items()
        for slowest in (max(known.values(), key=lambda piece: piece.end - piece.start),)
    ]


def _mates(kind: PartKind, pieces: list[Piece]) -> list[MateEvidence]:
    """Return the other requests of the steps, those with most time first."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for piece in pieces:
        for request, tokens, prefill in _riders(piece.step) if piece.step else ():
            if request[0] == piece.request_id or (kind in _PREFILLS and not prefill):
                continue
            known = found.setdefault(request, [0, 0, 0])
            known[0] += piece.end - piece.start
            known[1] += tokens
            known[2] += prefill
    mates = [
        MateEvidence(request_id, trace_id or None, span_id or None, *known)
        for (request_id, trace_id, span_id), known in found.items()
    ]
    return sorted(mates, key=lambda mate: (-mate.duration_ns, -mate.prefill_tokens))


def _riders(step: StepRecord) -> list[tuple[tuple[str, str, str], int, int]]:
    requests = zip(step.request_ids, step.trace_ids, step.span_ids, strict=True)
    return list(zip(requests, step.scheduled_tokens, step.prefill_tokens, strict=True))


def _counters(kind: PartKind, pieces: list[Piece]) -> dict[str, float]:
    """Return what the steps say of the engine, and of the request's own tokens in them."""
    steps = [piece.step for piece in pieces if piece.step]
    if not steps:
        return {}
    own = [_own(piece) for piece in pieces]
    counters: dict[str, float] = {
        "running_max": max(step.running for step in steps),
        "waiting_max": max(step.waiting for step in steps),
        "kv_cache_usage_max": max(step.kv_cache_usage for step in steps),
    }
    if sum(scheduled for scheduled, _ in own):
        counters["own_scheduled_tokens"] = sum(scheduled for scheduled, _ in own)
        counters["own_prefill_tokens"] = sum(prefill for _, prefill in own)
    if kind in ("decode", "decode_shared"):
        counters["tokens_made"] = sum(_made(piece) for piece in pieces)
    if kind == "preempted":
        counters["preemptions"] = sum(
            piece.request_id in piece.step.preempted_ids for piece in pieces if piece.step
        )
    return counters


def _own(piece: Piece) -> tuple[int, int]:
    step = piece.step
    if step is None or piece.request_id not in step.request_ids:
        return 0, 0
    place = step.request_ids.index(piece.request_id)
    return step.scheduled_tokens[place], step.prefill_tokens[place]


def _made(piece: Piece) -> int:
    """Return the tokens that a decode step made: those scheduled but for proposals refused.

    Of a step that has read a prompt, the end may lie in decode: that token was the first one.
    """
    step = piece.step
    if step is None or piece.request_id not in step.request_ids:
        return 0
    place = step.request_ids.index(piece.request_id)
    drafts = step.draft_tokens[place] - step.accepted_tokens[place] if step.draft_tokens else 0
    return step.scheduled_tokens[place] - step.prefill_tokens[place] - drafts


def _tokens(kind: PartKind, places: list[int], spans: Sequence[SpanNode]) -> dict[str, float]:
    """Return what the requests over the spans count: prompt tokens, tokens made."""
    name = {"prefill": "input_tokens", "decode": "output_tokens"}.get(kind)
    if name is None:
        return {}
    above = {spans[place].parent_span_id for place in places}
    total = sum(getattr(span, name) for span in spans if span.span_id in above)
    return {name: total} if total else {}
