import { expect, test } from "vitest";
import { changeOf, type Figure, toFigures } from "./figures";
import { activity } from "./sample";

const said = ({ label, value, format }: Figure) => `${label} ${value === undefined ? "–" : format(value)}`;

test("every figure has its unit", () => {
  expect(toFigures(activity(), undefined).map(said)).toEqual([
    "Requests 2/s", "Error rate 5 %", "Latency p50 500 ms", "Latency p95 1.00 s", "Latency p99 1.50 s", "First token p95 160 ms",
    "Per token p50 12.0 ms", "Output tokens 20/s", "Prefix hits 25 %", "GPU utilisation 62 %", "GPU power 540 W", "GPU-seconds 60 s", "Request cost $0.50",
  ]);
});

test("what nobody measures is left out, and no request is no rate", () => {
  const nothing = { ...activity({ requests: 0, errors: 0 }), latency: { bucket_s: 60, items: [] }, throughput: { bucket_s: 60, items: [] }, engines: { width_ms: 1, items: [] }, gpus: { width_ms: 1, items: [] } };
  expect(toFigures(nothing, undefined).slice(0, 2).map(said)).toEqual(["Requests –", "Error rate –"]);
  expect(toFigures(nothing, undefined)).toHaveLength(5);
});

test("changes are said against what was before, good or bad", () => {
  const [rate, errors, p50] = toFigures(activity(), activity({ requests: 100, errors: 1, p50: 1_000 }));
  expect(changeOf(rate!)).toEqual({ text: "+20 %", look: "none" });
  expect(changeOf(errors!)).toEqual({ text: "+4 pp", look: "none" });
  expect(changeOf(p50!)).toEqual({ text: "−50 %", look: "good" });
  expect(changeOf({ ...p50!, before: 10 })).toEqual({ text: "50 ×", look: "bad" });
  expect(changeOf({ ...p50!, before: undefined })).toBeUndefined();
  expect(changeOf({ ...p50!, before: 500 })).toEqual({ text: "as before", look: "none" });
});
