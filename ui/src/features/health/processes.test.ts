import { expect, test } from "vitest";
import type { Process } from "@/api/processes";
import { inOrder, integrationsOf, isSilent, lossesOf } from "./processes";

const NOW = Date.now();
const process = (changes: Partial<Process>): Process => ({
  service_name: "chat",
  instance_id: "one",
  environment: null,
  host: "node-1",
  pid: 1,
  command: null,
  runtime: null,
  sdk: { name: "axonize", language: "python", version: "0.1" },
  last_seen: new Date(NOW).toISOString(),
  spans_exported: 0,
  spans_waiting: 0,
  spans_dropped: {},
  hooks: [],
  faults: [],
  ...changes,
});

test("losses say why and what to do, the most first", () => {
  const losses = lossesOf({ spans_dropped: { rejected: 1, queue_full: 30, exit: 0, other_reason: 2 } });
  expect(losses.map(({ reason, count }) => [reason, count])).toEqual([
    ["the buffer was full", 30],
    ["other_reason", 2],
    ["the server refused them", 1],
  ]);
  expect(losses[0]!.advice).toContain("AXONIZE_BUFFER_SIZE");
});

test("hooks are counted by integration", () => {
  const hooks = [
    { integration: "vllm", state: "patched", count: 34 },
    { integration: "vllm", state: "missing", count: 2 },
    { integration: "vllm", state: "failed", count: 1 },
    { integration: "asgi", state: "waiting", count: 1 },
  ];
  expect(integrationsOf({ hooks })).toEqual([
    { name: "asgi", inPlace: 0, missing: 0 },
    { name: "vllm", inPlace: 34, missing: 3 },
  ]);
});

test("a process that has not reported for a while is silent", () => {
  const seen = [0, 120_000, 200_000].map((ms) => ({ last_seen: new Date(NOW - ms).toISOString() }));
  expect(seen.map((each) => isSilent(each, NOW))).toEqual([false, false, true]);
});

test("what needs a look comes first, what is silent last", () => {
  const fault = { integration: "vllm", state: "missing", target: "t", detail: "d" };
  const given = [
    process({ instance_id: "gone", last_seen: new Date(NOW - 1e6).toISOString(), faults: [fault] }),
    process({ instance_id: "b", service_name: "b" }),
    process({ instance_id: "a2", service_name: "a", pid: 2 }),
    process({ instance_id: "a1", service_name: "a", pid: 1 }),
    process({ instance_id: "lossy", service_name: "z", spans_dropped: { exit: 1 } }),
  ];
  expect(inOrder(given).map((each) => each.instance_id)).toEqual(["lossy", "a1", "a2", "b", "gone"]);
});
