import { expect, test } from "vitest";
import { toDensity } from "./density";

const FROM = Date.parse("2026-11-23T07:00:00Z");

const counted = (values: Float64Array) => [...values.entries()].filter(([, count]) => count > 0);

test("traces are counted where they start, those that failed apart, and those outside not at all", () => {
  const stretch = { from: FROM, to: FROM + 160_000 };
  const trace = (seconds: number, status: "ok" | "error" = "ok") => ({ start_time: new Date(FROM + seconds * 1000).toISOString(), status });
  const { lines, starts, width } = toDensity([trace(0.1), trace(0.9, "error"), trace(1), trace(159.5), trace(-1), trace(161)], stretch);
  expect([width, starts.length, starts[0]]).toEqual([1_000, 160, FROM]);
  expect(counted(lines[0]!.values)).toEqual([[0, 1], [1, 1], [159, 1]]);
  expect(counted(lines[1]!.values)).toEqual([[0, 1]]);
});
