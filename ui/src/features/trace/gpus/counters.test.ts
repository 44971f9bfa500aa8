import { expect, test } from "vitest";
import { point } from "../../gpu/sample";
import { span } from "../sample";
import { gpusOf, meanIn, topOf, toSeries } from "./counters";

const START = Date.parse("2026-11-23T07:00:00Z");
const watts = (value: number) => ({ power_w: { avg: value, min: value - 10, max: value + 10 } });
const metrics = { resource_uuid: "GPU-1", width_ms: 1_000, points: [point(0, watts(100)), point(2), point(10, { ...watts(300), memory_total_bytes: 80 })] };

const on = (resource: string, physical: string) =>
  span("generate", 1, 0, 1, { gpus: [{ label: "cuda:0", resource_uuid: resource, physical_uuid: physical, model: "", vendor: "", node_id: "" }] });

test("the GPUs of a trace are those of its spans, each once, cards after the instances on them", () => {
  expect(gpusOf([span("root", 0, 0, 1), on("MIG-1", "GPU-1"), on("GPU-2", "GPU-2"), on("MIG-1", "GPU-1"), on("", "")])).toEqual(["MIG-1", "GPU-2", "GPU-1"]);
});

test("a counter is a line of what was measured", () => {
  const series = toSeries(metrics, "power")!;
  expect([...series.starts]).toEqual([START, START + 10_000]);
  expect([...series.lines[0]!.values]).toEqual([100, 300]);
  expect([...series.lines[0]!.low!]).toEqual([90, 290]);
  expect(toSeries(metrics, "memory")).toBeUndefined();
});

test("the axis ends where the memory does, and at all of the GPU", () => {
  expect([topOf(metrics, "power"), topOf(metrics, "utilization"), topOf(metrics, "memory")]).toEqual([undefined, 1, 80]);
});

test("a stretch says its mean, and between two samples the nearest", () => {
  const series = toSeries(metrics, "power")!;
  expect(meanIn(series, { from: START, to: START + 20_000 })).toBe(200);
  expect(meanIn(series, { from: START + 2_000, to: START + 3_000 })).toBe(100);
  expect(meanIn(series, { from: START + 7_000, to: START + 9_000 })).toBe(300);
});
