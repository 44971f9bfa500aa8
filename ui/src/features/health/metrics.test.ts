import { expect, test } from "vitest";
import { labelled, parseMetrics, rate, valueOf } from "./metrics";

const TEXT = `# HELP spans_total Spans.
# TYPE spans_total counter
spans_total 12
refused_total{reason="Overloaded"} 3
refused_total{reason="a \\"b\\""} 1
odd NaN
`;

test("numbers are read by name and label", () => {
  const samples = parseMetrics(TEXT);
  expect(valueOf(samples, "spans_total")).toBe(12);
  expect(labelled(samples, "refused_total").map((each) => [each.label, each.value])).toEqual([
    ["Overloaded", 3],
    ['a \\"b\\"', 1],
  ]);
  expect(valueOf(samples, "odd")).toBe(0);
});

const at = (atMs: number, total: number) => ({ atMs, samples: [{ name: "n", label: "", value: total }] });

test("a rate is per second, and never below nothing", () => {
  expect(rate(at(0, 10), at(2000, 30), "n")).toBe(10);
  expect(rate(at(0, 10), at(2000, 0), "n")).toBe(0);
  expect(rate(at(5, 10), at(5, 20), "n")).toBe(0);
});
