/** Spans for tests. */
import type { SpanNode } from "@/api/types";

let made = 0;

export function span(name: string, depth: number, start: number, length: number, rest: Partial<SpanNode> = {}): SpanNode {
  made += 1;
  return {
    span_id: (made * 2_654_435_761).toString(16).padStart(16, "0").split("").toReversed().join(""),
    parent_span_id: null,
    depth,
    name,
    service_name: "gateway",
    kind: "internal",
    status: "unset",
    start_offset_ns: start,
    duration_ns: length,
    model: null,
    input_tokens: 0,
    output_tokens: 0,
    ttft_ms: null,
    gpus: [],
    links: 0,
    events: 0,
    orphan: false,
    skewed: false,
    ...rest,
  };
}
