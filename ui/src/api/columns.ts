/** A trace by columns, as it is sent, and span by span, as the pages use it. */
import type { SpanNode, TraceColumns, TraceDetail } from "./types";

type Columns = TraceColumns["spans"];

export const toTrace = ({ spans, ...summary }: TraceColumns): TraceDetail => ({ ...summary, spans: toSpans(spans) });

function toSpans(columns: Columns): SpanNode[] {
  const parents = parentIds(columns);
  const spans = columns.span_id.map((id, at) => toSpan(columns, id, parents[at] ?? null, at));
  for (const { at } of columns.orphans) spans[at]!.orphan = true;
  for (const at of columns.skewed) spans[at]!.skewed = true;
  return spans;
}

/** The parent of a span is the last before it that is less deep. */
function parentIds({ span_id: ids, depth, orphans }: Columns): (string | null)[] {
  const open: string[] = [];
  const found = ids.map((id, at) => {
    const deep = depth[at]!;
    open[deep] = id;
    return deep > 0 ? open[deep - 1]! : null;
  });
  for (const { at, parent_span_id: parent } of orphans) found[at] = parent;
  return found;
}

const textAt = <Text extends string>(column: { values: string[]; at: number[] }, at: number) => column.values[column.at[at]!] as Text;

function toSpan(columns: Columns, id: string, parent: string | null, at: number): SpanNode {
  return {
    span_id: id,
    parent_span_id: parent,
    depth: columns.depth[at]!,
    name: textAt(columns.name, at),
    service_name: textAt(columns.service_name, at),
    kind: textAt<SpanNode["kind"]>(columns.kind, at),
    status: textAt<SpanNode["status"]>(columns.status, at),
    start_offset_ns: columns.start_offset_ns[at]!,
    duration_ns: columns.duration_ns[at]!,
    model: textAt(columns.model, at) || null,
    input_tokens: columns.input_tokens[at]!,
    output_tokens: columns.output_tokens[at]!,
    ttft_ms: columns.ttft_ms[at]! || null,
    gpus: columns.gpus.values[columns.gpus.at[at]!]!,
    links: columns.links[at]!,
    events: columns.events[at]!,
    orphan: false,
    skewed: false,
    clock: textAt<NonNullable<SpanNode["clock"]>>(columns.clock, at) || null,
  };
}
