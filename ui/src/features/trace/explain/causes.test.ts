import { expect, test } from "vitest";
import { formatMs } from "@/format/duration";
import { worthSaying, writeCounter } from "./causes";

const names = (counters: Record<string, number>) => worthSaying(counters).map(([name]) => name);
const write = (name: string, value: number) => writeCounter(name, value, formatMs);

test("counters have a name and a value that people read", () => {
  expect(write("waiting_max", 3)).toBe("waiting 3");
  expect(write("kv_cache_usage_max", 0.974)).toBe("KV cache 97 %");
  expect(write("others_prefill_tokens", 8192)).toBe("others' prompt tokens 8,192");
  expect(write("kv_cache_ms", 12.5)).toBe("kv cache 12.5 ms");
  expect(write("throttled_samples", 4)).toBe("throttled samples 4");
});

test("a counter that is zero, or said better by another, is not shown", () => {
  expect(names({ own_scheduled_tokens: 8, own_prefill_tokens: 0, tokens_made: 8 })).toEqual(["tokens_made"]);
  expect(names({ own_scheduled_tokens: 8, own_prefill_tokens: 0 })).toEqual(["own_scheduled_tokens"]);
});
