import { expect, test } from "vitest";
import { shortUuid, toNodes } from "./nodes";
import { gpu, SAMPLE } from "./sample";

test("instances lie on their card, and a card that nobody measures has its place too", () => {
  const whole = gpu("GPU-1");
  const first = gpu("MIG-1", { physical_uuid: "GPU-1" });
  const lost = gpu("MIG-2", { physical_uuid: "GPU-2" });
  const [node] = toNodes([whole, first, lost]);
  expect(node!.cards).toEqual([
    { uuid: "GPU-1", gpu: whole, instances: [first] },
    { uuid: "GPU-2", gpu: undefined, instances: [lost] },
  ]);
});

test("a node says the mean utilisation and all the power of its cards, without those of instances", () => {
  const nodes = toNodes([
    gpu("GPU-1"),
    gpu("GPU-2", { sample: { ...SAMPLE, utilization: 1, power_w: 700 } }),
    gpu("MIG-1", { physical_uuid: "GPU-2" }),
    gpu("GPU-3", { host: null, sample: null }),
  ]);
  expect(nodes.map(({ host, utilization, powerW }) => [host, utilization, powerW])).toEqual([
    ["node-1", 0.75, 1100],
    ["", undefined, undefined],
  ]);
});

test.each([
  ["GPU-5b5c6f1e-0000-0000-0000-000000000001", "GPU-5b5c6f1e"],
  ["MIG-0a1b2c3d-0000-0000-0000-000000000001", "MIG-0a1b2c3d"],
  ["apple-m3", "apple-m3"],
])("%s is called %s", (uuid, short) => expect(shortUuid(uuid)).toBe(short));
