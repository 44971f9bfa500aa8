import { expect, test } from "vitest";
import type { Difference } from "@/api/analytics";
import { narrowed, valueOf } from "./differences";

const item = (more: Partial<Difference>): Difference => ({
  kind: "attribute", name: "app.tier", value: "pro", low: null, high: null, inside: 9, outside: 1, share_inside: 0.9, share_outside: 0.1, score: 0.5, ...more,
});

test.each([
  [item({}), { range: "6h", filter: "app.tier:pro" }],
  [item({ name: "batch", value: "", low: 64, high: 128 }), { range: "6h", filter: "batch>=64 batch<128" }],
  [item({ kind: "service", value: "api" }), { range: "6h", service: "api" }],
  [item({ kind: "gpu", value: "GPU-1" }), { range: "6h", gpu: "GPU-1" }],
  [item({ kind: "status", value: "error" }), { range: "6h", status: "error" }],
  [item({ kind: "span", value: "prefill" }), { range: "6h", q: "prefill" }],
  [item({ kind: "cache", value: "hit" }), { range: "6h", filter: "gen_ai.usage.cache_read.input_tokens>0" }],
  [item({ kind: "cache", value: "miss" }), undefined],
])("%j becomes a filter", (found, search) => expect(narrowed({ range: "6h" }, found)).toEqual(search));

test("numbers are told as a range", () => {
  expect(valueOf(item({ value: "", low: 1024, high: 2048 }))).toBe("1,024 – 2,048");
  expect(valueOf(item({}))).toBe("pro");
});
