import { expect, test } from "vitest";
import { isEmpty } from "@/charts/series";
import { toPanels } from "./panels";
import { activity } from "./sample";

test("every panel has its lines, a unit and the traces behind it", () => {
  const panels = toPanels(activity());
  const said = panels.map(({ title, series, format }) => `${title}: ${series.lines.map(({ label, values }) => `${label} ${format(values[0]!)}`).join(", ")}`);
  expect(said).toEqual([
    "Requests: failed 0.1/s, ok 1.9/s",
    "Error rate: failed 5 %",
    "Latency: p50 500 ms, p95 1.00 s, p99 1.50 s",
    "Time to first token: p50 80.0 ms, p95 160 ms, p99 240 ms",
    "Time per token: p50 12.0 ms, p95 24.0 ms, p99 36.0 ms",
    "Tokens: in 100/s, out 20/s",
    "In the engines: running 4, waiting 1",
    "KV cache: average 30 %, fullest 60 %",
    "Prefix cache hits: of prompt tokens 25 %",
    "GPU utilisation: average 62 %, highest 90 %",
    "GPU power: all cards 540 W",
    "GPUs busy with steps: GPU-seconds a second 1",
  ]);
  expect(panels[1]!.traces).toEqual({ setup: "false", status: "error" });
  expect([panels[0]!.series.starts[0], panels[0]!.series.ends[0]]).toEqual([Date.parse("2026-11-23T07:00:00Z"), Date.parse("2026-11-23T07:01:00Z")]);
});

test("what nobody measures is empty", () => {
  const gpus = { width_ms: 60_000, items: [{ ...activity().gpus.items[0]!, utilization: null, max_utilization: null }] };
  const panels = toPanels({ ...activity(), gpus });
  expect(panels.filter(({ series }) => isEmpty(series)).map(({ title }) => title)).toEqual(["GPU utilisation"]);
});
