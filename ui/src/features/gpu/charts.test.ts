import { expect, test } from "vitest";
import { energyOf, lastOf, toCharts } from "./charts";
import { point } from "./sample";

const START = Date.parse("2026-11-23T07:00:00Z");

test("buckets become lines with their band, NaN where nothing was measured", () => {
  const points = [point(0, { utilization: { avg: 0.5, min: 0.1, max: 0.9 } }), point(10)];
  const { series, top } = toCharts(points, 10_000)[0]!;
  expect(top).toBe(1);
  expect([...series.starts]).toEqual([START, START + 10_000]);
  expect([...series.ends]).toEqual([START + 10_000, START + 20_000]);
  expect(series.lines).toEqual([
    {
      label: "Utilisation",
      color: "var(--color-series-1)",
      values: Float64Array.of(0.5, Number.NaN),
      low: Float64Array.of(0.1, Number.NaN),
      high: Float64Array.of(0.9, Number.NaN),
    },
  ]);
});

test("the memory axis ends where the memory does, and traffic is shown where it is measured", () => {
  const measured = { avg: 1, min: 1, max: 1 };
  const points = [point(0, { memory_total_bytes: 80 * 2 ** 30, nvlink_tx_bytes_per_s: measured, sm_active: measured })];
  const charts = toCharts(points, 1_000);
  expect(charts.map(({ title }) => title)).toEqual(["Utilisation", "Memory", "Power", "Temperature", "Clocks", "PCIe and NVLink"]);
  expect(charts[1]!.top).toBe(80 * 2 ** 30);
  expect(charts[0]!.series.lines.map(({ label }) => label)).toEqual(["Utilisation", "SM active"]);
  expect(toCharts([], 1_000)).toHaveLength(5);
});

test("energy adds up, and a counter says its last", () => {
  const points = [point(0, { energy_j: 100, xid_last: 79 }), point(10), point(20, { energy_j: 50 })];
  expect(energyOf(points)).toBe(150);
  expect(energyOf([point(0)])).toBeUndefined();
  expect(lastOf(points, "xid_last")).toBe(79);
  expect(lastOf(points, "ecc_uncorrected")).toBeUndefined();
});
