import { expect, test } from "vitest";
import type { Model } from "@/api/analytics";
import { MODEL_COLUMNS, sorted } from "./columns";
import { readModels } from "./search";

const none = { p50: null, p95: null, p99: null };
const model = (name: string, more: Partial<Model> = {}): Model => ({
  name, requests: null, spans: 0, input_tokens: 0, output_tokens: 0, cached_tokens: 0, input_tokens_per_s: 0, output_tokens_per_s: 0, cost_usd: 0, ttft_ms: none, tpot_ms: none, gpu_seconds: null, energy_j: null, ...more,
});
const requests = { requests: 12_400, errors: 62, requests_per_s: 3, duration_ms: { p50: 500, p95: 900, p99: 1_000 } };
const LLAMA = model("llama", { requests, input_tokens: 6, output_tokens: 3, input_tokens_per_s: 120, output_tokens_per_s: 30, cost_usd: 0.0042, ttft_ms: { p50: 1, p95: 80, p99: 90 }, tpot_ms: { p50: 12, p95: 14, p99: 15 }, gpu_seconds: 61.2 });

const said = (each: Model) => MODEL_COLUMNS.map(({ head, value, format }) => `${head} ${value(each) == null ? "–" : format(value(each)!)}`);

test("a model has every figure with its unit, or none where nothing says it", () => {
  expect(said(LLAMA)).toEqual([
    "Requests 12.4k", "Errors 0.5 %", "E2E p50 500 ms", "E2E p95 900 ms", "E2E p99 1.00 s", "TTFT p95 80.0 ms", "TPOT p50 12.0 ms", "Tokens in 120/s", "Tokens out 30/s", "GPU time 1 min", "Request cost $0.0042",
  ]);
  expect(said(model("qwen")).every((each) => each.endsWith("–"))).toBe(true);
});

test("values fall and names rise, and the usual order leaves the address", () => {
  const models = [model("qwen", { gpu_seconds: 2 }), LLAMA, model("phi")];
  expect(sorted(models, "seconds").map(({ name }) => name)).toEqual(["llama", "qwen", "phi"]);
  expect(sorted(models, "name").map(({ name }) => name)).toEqual(["llama", "phi", "qwen"]);
  expect(readModels({ sort: "requests", service: "api", range: "6h" })).toEqual({ service: "api", range: "6h" });
  expect(readModels({ sort: "colour" })).toEqual({});
});
