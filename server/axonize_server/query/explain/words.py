"""What the parts are in words, and the verdict made of the largest."""

from __future__ import annotations

from collections.abc import Sequence

from axonize_server.query.explain.records import Cause, Evidence, Fact, Part, PartKind

# A second cause is worth a sentence from this share of the root's time on.
WORTH_SAYING = 0.2
_STATIC: dict[PartKind, str] = {
    "cold_start": "Waited for the cold start of the engine",
    "client": "Between client and server",
    "preprocess": "Request read, templated and tokenised",
    "wait": "Waited for the engine to look",
    "queue": "Queued in the engine",
    "wait_decode": "Waited for steps that were under way",
    "queue_decode": "Queued while others ran",
    "unscheduled": "Left out of steps while others ran",
    "preempted": "Preempted",
    "recompute": "Tokens computed again after the preemption",
    "between_steps": "No step of the engine with this request",
    "delivery": "Last tokens on the way through the front end",
}


def describe(kind: PartKind, name: str, evidence: Evidence) -> str:
    """Say what a part is."""
    counters = evidence.counters
    if kind in ("wait_prefill", "queue_prefill"):
        waited = "Waited for" if kind == "wait_prefill" else "Queued behind"
        return f"{waited} the prefill of {others(evidence)}"
    if kind in ("prefill_shared", "decode_shared"):
        phase = "Prompt read" if kind == "prefill_shared" else "Decoded"
        return f"{phase} in steps that also read the prompt of {others(evidence)}"
    if kind == "prefill":
        return _with_tokens("Prompt read", counters, "own_prefill_tokens", "input_tokens")
    if kind == "decode":
        return _with_tokens("Decoded", counters, "tokens_made", "output_tokens")
    if kind == "own_time":
        return f"Own time of {name}"
    if kind == "client":
        return f"In {name}, before or after the server's span"
    return _STATIC[kind]


def _with_tokens(text: str, counters: dict[str, float], *names: str) -> str:
    """Count tokens by the first name that is known."""
    count = next((counters[name] for name in names if counters.get(name)), None)
    return text if count is None else f"{text}: {tokens(count)}"


def tokens(count: float, noun: str = "token") -> str:
    """Write "1 token" or "1,900 tokens"."""
    return f"{count:,.0f} {noun}" + ("" if count == 1 else "s")


def others(evidence: Evidence) -> str:
    """Name whose prompts were read: a trace, or how many requests, and their tokens."""
    prompt = evidence.counters.get("others_prefill_tokens", 0)
    count = evidence.mate_count
    first = evidence.mates[0] if evidence.mates else None
    if count == 1 and first:
        who = f"trace {first.trace_id[:8]}" if first.trace_id else f"request {first.request_id}"
    else:
        who = f"{count} requests"
    return f"{who}, {tokens(prompt)}"


def duration(ns: float) -> str:
    """Write a duration with three significant digits: "12.5 ms"."""
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if ns >= size * 0.9995:
            value = ns / size
            return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {unit}"
    return f"{ns:.0f} ns"


def verdict(root_ns: int, parts: Sequence[Part], facts: Sequence[Fact]) -> tuple[str, list[Cause]]:
    """Return the line, and the causes in the order in which they count."""
    ends = [fact for fact in facts if fact.kind in ("error", "abort")]
    totals = by_cause(parts)
    ranked = list(totals)
    said = ranked[:1] + [each for each in ranked[1:2] if totals[each] >= WORTH_SAYING * root_ns]
    sentences = [fact.text for fact in ends[:1]]
    sentences += [_sentence(cause, totals[cause], parts) for cause in said]
    sentences += [fact.text for fact in facts if fact.kind == "gpu_throttled"]
    causes: list[Cause] = ["error" if fact.kind == "error" else "abort" for fact in ends[:1]]
    return ". ".join(sentences) + "." if sentences else "", [*causes, *ranked]


def by_cause(parts: Sequence[Part]) -> dict[Cause, int]:
    """Return the time of each cause in ns, the largest first.

    Own time counts as its largest part: spans of other names have nothing in common.
    """
    totals: dict[Cause, int] = {}
    for part in parts:
        known = totals.get(part.cause, 0)
        if part.cause == "own_time":
            totals[part.cause] = max(known, part.duration_ns)
        else:
            totals[part.cause] = known + part.duration_ns
    return dict(sorted(totals.items(), key=lambda item: -item[1]))


def _sentence(cause: Cause, ns: int, parts: Sequence[Part]) -> str:
    largest = max(
        (part for part in parts if part.cause == cause), key=lambda part: part.duration_ns
    )
    evidence, took = largest.evidence, duration(ns)
    counters = evidence.counters
    count = counters.get("own_prefill_tokens") or counters.get("input_tokens")
    made = counters.get("tokens_made") or counters.get("output_tokens")
    return {
        "prefill_of_others": f"Queued {took} behind the prefill of {others(evidence)}",
        "running_requests": f"Waited {took} while {_running(evidence)} ran",
        "engine": f"Waited {took} for the engine",
        "preemption": f"Preempted: {took}{_preemptions(parts)}",
        "cold_start": f"Waited {took} for the cold start of the engine",
        "slow_mates": f"{took} in steps that also read the prompt of {others(evidence)}",
        "prompt": f"Read {tokens(count, 'prompt token')} for {took}"
        if count
        else f"Prefill: {took}",
        "output": f"Decoded {tokens(made)} for {took}" if made else f"Decode: {took}",
        "between_steps": f"{took} between the engine's steps with this request",
        "client": f"{took} between client and server",
        "preprocess": f"{took} before the engine got the request",
        "delivery": f"{took} for the last tokens on their way through the front end",
        "own_time": f"{took} of own time in {largest.name}",
        "error": "",
        "abort": "",
    }[cause]


def _running(evidence: Evidence) -> str:
    count = evidence.mate_count
    return "1 other request" if count == 1 else f"{count} other requests"


def _preemptions(parts: Sequence[Part]) -> str:
    counted = sum(part.evidence.counters.get("preemptions", 0) for part in parts)
    again = sum(part.duration_ns for part in parts if part.kind == "recompute")
    times = "" if not counted else ", once" if counted == 1 else f", {counted:.0f} times"
    return times + (f", {duration(again)} of it to compute tokens again" if again else "")
