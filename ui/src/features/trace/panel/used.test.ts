import { expect, test } from "vitest";
import { usedOf } from "./used";

test("GPU time, joules and dollars are those that the span says", () => {
  const attributes = { "axonize.gpu.seconds": 1.5, "axonize.gpu.energy_j": 420, "axonize.gpu.energy.source": "counter", "cost.usd": 0.002 };
  expect(usedOf(attributes)).toEqual({ gpuSeconds: 1.5, joules: 420, source: "counter", usd: 0.002, byCalls: false });
  expect(usedOf({ ...attributes, "axonize.gpu.rule": "calls" }).byCalls).toBe(true);
});

test("what is not said, or no number, is not there; an engine on a CPU has no GPU time", () => {
  expect(usedOf({ "axonize.gpu.seconds": 0, "cost.usd": "free" })).toEqual({ gpuSeconds: undefined, joules: undefined, source: undefined, usd: undefined, byCalls: false });
});
