import { expect, test } from "vitest";
import { barsOf, callShareOf, gapsOf, idleShareOf, joulesOf, usdOf } from "./amounts";
import { group, NOTHING } from "./sample";

const USED = { busy_gpu_seconds: 30, idle_gpu_seconds: 10, priced_gpu_seconds: 40, measured_gpu_seconds: 40, busy_usd: 3, idle_usd: 1 };

test("busy and idle are added up, and what is not known stays unknown", () => {
  expect(usdOf(group("a", USED).now)).toBe(4);
  expect(joulesOf(group("a", USED).now)).toBeUndefined();
  expect(idleShareOf(group("a", USED).now)).toBe(0.25);
  expect(idleShareOf(NOTHING)).toBeUndefined();
});

test("what was split over calls is a part of what was busy", () => {
  expect(callShareOf(group("a", USED).now)).toBeUndefined();
  expect(callShareOf(group("a", { ...USED, busy_gpu_seconds_by_calls: 12 }).now)).toBeCloseTo(0.4);
});

test("bars are dollars where everything has a price, else they are time", () => {
  expect(barsOf([group("a", USED)])).toEqual([{ unit: "usd", busy: 3, idle: 1 }]);
  const unpriced = group("b", { ...USED, priced_gpu_seconds: 0, busy_usd: null, idle_usd: null });
  expect(barsOf([group("a", USED), unpriced]).map(({ unit, busy }) => [unit, busy])).toEqual([
    ["seconds", 30],
    ["seconds", 30],
  ]);
});

test("what is known in part is said, and nothing at all is not a part", () => {
  expect(gapsOf(group("a", USED))).toEqual([]);
  expect(gapsOf(group("a", { ...USED, priced_gpu_seconds: 20, measured_gpu_seconds: 30 }))).toEqual([
    "50 % of the time has a price",
    "joules of 75 % of the time are known",
  ]);
  expect(gapsOf(group("a", { ...USED, priced_gpu_seconds: 0 }))).toEqual([]);
});
