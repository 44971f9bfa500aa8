import { expect, test } from "vitest";
import { clockTicks, formatMoment, inBuckets, roundStep } from "./clock";

const at = (clock: string) => new Date(`2026-11-23T${clock}`).getTime();

test.each([
  [1, 1],
  [7_200, 10_000],
  [61_000, 120_000],
  [1e12, 28 * 864e5],
])("a step of at least %d ms is %d ms", (ms, step) => expect(roundStep(ms)).toBe(step));

test("ticks lie at round times of the reader's clock", () => {
  const ticks = clockTicks({ from: at("14:01:00"), to: at("14:31:00") }, 600);
  expect(ticks.map(({ label }) => label)).toEqual(["14:05", "14:10", "14:15", "14:20", "14:25", ""]); // there is no room for the last
  expect(ticks[0]!.fraction).toBeCloseTo(4 / 30);
});

test.each([
  [300, "14:15"], // 50 px
  [240, ""], // 40 px
])("in %d px a label that would be cut off is left out", (width, label) => {
  expect(clockTicks({ from: at("14:00:00"), to: at("14:18:00") }, width, 60).at(-1)).toEqual({ fraction: 15 / 18, label });
});

test("short stretches have seconds and ms, midnight has the day", () => {
  expect(clockTicks({ from: at("14:00:00.100"), to: at("14:00:00.300") }, 200).map(({ label }) => label)).toEqual([
    "14:00:00.100",
    "14:00:00.200",
    "",
  ]);
  expect(clockTicks({ from: at("14:00:00"), to: at("14:00:20") }, 200)[1]!.label).toBe("14:00:10");
  const night = { from: at("22:00:00"), to: at("22:00:00") + 4 * 36e5 };
  expect(clockTicks(night, 420)[2]!.label).toMatch(/^Nov 24/);
});

test("a moment is said as exactly as the stretch needs", () => {
  const moment = at("14:00:01.250");
  expect(formatMoment(moment, { from: at("14:00:00"), to: at("14:00:10") })).toBe("14:00:01.250");
  expect(formatMoment(moment, { from: at("13:00:00"), to: at("15:00:00") })).toBe("14:00:01");
  expect(formatMoment(moment, { from: at("13:00:00"), to: at("13:00:00") + 3 * 864e5 })).toMatch(/^Nov 23.* 14:00:01$/);
});

test("buckets stay where they are while the stretch moves along", () => {
  const now = at("14:00:03");
  const one = inBuckets({ from: now - 36e5, to: now }, 500);
  const next = inBuckets({ from: now - 36e5 + 5_000, to: now + 5_000 }, 500);
  expect(one).toEqual({ from: at("13:00:00"), to: at("14:00:10"), width: 10_000, count: 361 });
  expect((next.from - one.from) % one.width).toBe(0);
});
