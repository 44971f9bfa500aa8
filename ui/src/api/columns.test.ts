import { expect, test } from "vitest";
import { toTrace } from "./columns";
import type { TraceColumns } from "./types";

const text = (...texts: string[]) => {
  const values = [...new Set(texts)];
  return { values, at: texts.map((each) => values.indexOf(each)) };
};
const gpu = { label: "cuda:0", resource_uuid: "MIG-1", physical_uuid: "GPU-1", model: "H100", vendor: "nvidia", node_id: "node" };

const SUMMARY = {
  trace_id: "5b8aa5a2d2c872e8321cf37308d69df2",
  start_time: "2026-11-23T07:39:01.123456789Z",
  duration_ms: 20,
  name: "chat",
  service_name: "api",
  services: ["api", "engine"],
  models: ["llama"],
  status: "error" as const,
  span_count: 4,
  error_count: 1,
  input_tokens: 12,
  output_tokens: 34,
  ttft_ms: 1.5,
  setup: false,
};
const SENT: TraceColumns = {
  ...SUMMARY,
  spans: {
    span_id: ["a", "b", "c", "d"],
    depth: [0, 1, 2, 0],
    name: text("chat", "generate", "step", "lost"),
    service_name: text("api", "engine", "engine", "engine"),
    kind: text("server", "internal", "internal", "client"),
    status: text("unset", "error", "unset", "ok"),
    start_offset_ns: [0, 5, 3, 7],
    duration_ns: [20, 9, 1, 2],
    model: text("", "llama", "", ""),
    input_tokens: [0, 12, 0, 0],
    output_tokens: [0, 34, 0, 0],
    ttft_ms: [0, 1.5, 0, 0],
    gpus: { values: [[], [gpu]], at: [0, 1, 1, 0] },
    links: [1, 0, 0, 0],
    events: [0, 2, 0, 0],
    orphans: [{ at: 3, parent_span_id: "gone" }],
    skewed: [2],
    clock: text("", "", "", "behind"),
  },
};

const node = { model: null, input_tokens: 0, output_tokens: 0, ttft_ms: null, gpus: [], links: 0, events: 0, orphan: false, skewed: false, clock: null };

test("columns come to the spans that they were made of", () => {
  const engine = { service_name: "engine", kind: "internal" };
  expect(toTrace(SENT)).toEqual({
    ...SUMMARY,
    spans: [
      { ...node, span_id: "a", parent_span_id: null, depth: 0, name: "chat", service_name: "api", kind: "server", status: "unset", start_offset_ns: 0, duration_ns: 20, links: 1 },
      { ...node, ...engine, span_id: "b", parent_span_id: "a", depth: 1, name: "generate", status: "error", start_offset_ns: 5, duration_ns: 9, model: "llama", input_tokens: 12, output_tokens: 34, ttft_ms: 1.5, gpus: [gpu], events: 2 },
      { ...node, ...engine, span_id: "c", parent_span_id: "b", depth: 2, name: "step", status: "unset", start_offset_ns: 3, duration_ns: 1, gpus: [gpu], skewed: true },
      { ...node, service_name: "engine", kind: "client", span_id: "d", parent_span_id: "gone", depth: 0, name: "lost", status: "ok", start_offset_ns: 7, duration_ns: 2, orphan: true, clock: "behind" },
    ],
  });
});
