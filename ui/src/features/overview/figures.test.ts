import { expect, test } from "vitest";
import { changeOf } from "@/format/change";
import { type Figure, toFigures } from "./figures";
import { activity } from "./sample";

const said = ({ label, value, write }: Figure) => `${label} ${value === undefined ? "–" : write(value)}`;

test("every figure has its unit", () => {
  expect(toFigures(activity(), undefined).map(said)).toEqual([
    "Requests 2/s", "Error rate 5 %", "Latency p50 500 ms", "Latency p95 1.00 s", "Latency p99 1.50 s", "First token p95 160 ms",
    "Per token p50 12.0 ms", "Output tokens 20/s", "Prefix hits 25 %", "GPU utilisation 62 %", "GPU power 540 W", "GPU time 1 min", "Request cost $0.50",
  ]);
});

test("what nobody measures is left out, and no request is no rate", () => {
  const nothing = { ...activity({ requests: 0, errors: 0 }), latency: { bucket_s: 60, items: [] }, throughput: { bucket_s: 60, items: [] }, engines: { width_ms: 1, items: [] }, gpus: { width_ms: 1, items: [] } };
  expect(toFigures(nothing, undefined).slice(0, 2).map(said)).toEqual(["Requests –", "Error rate –"]);
  expect(toFigures(nothing, undefined)).toHaveLength(5);
});

test("what it was comes along, with what is better", () => {
  const [rate, errors, p50] = toFigures(activity(), activity({ requests: 100, errors: 1, p50: 1_000 }));
  const changes = [rate!, errors!, p50!].map((figure) => changeOf(figure));
  expect(changes).toEqual([
    { text: "+20 %", look: "none" },
    { text: "+4 pp", look: "none" },
    { text: "−50 %", look: "good" },
  ]);
});
