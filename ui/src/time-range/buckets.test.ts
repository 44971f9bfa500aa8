import { expect, test } from "vitest";
import { bucketsOf, pastBuckets } from "./buckets";

const NOW = Date.parse("2026-11-23T07:39:07.500Z");
const ABSOLUTE = { from: "2026-11-23T07:00:10.000Z", to: "2026-11-23T07:09:50.000Z" };

test("buckets begin at round times, and hold still while the range moves along", () => {
  const first = bucketsOf({ range: "1h" }, 60, NOW);
  expect(first).toEqual({ from: "2026-11-23T06:39:00.000Z", to: "2026-11-23T07:40:00.000Z", points: 61 });
  expect(bucketsOf({ range: "1h" }, 60, NOW + 50_000)).toEqual(first);
});

test("an absolute range is cut from end to end, whatever the time", () => {
  const all = { from: "2026-11-23T07:00:00.000Z", to: "2026-11-23T07:10:00.000Z", points: 10 };
  expect(bucketsOf(ABSOLUTE, 10, NOW)).toEqual(all);
  expect(pastBuckets(ABSOLUTE, 10, 3_000, NOW)).toEqual(all);
});

test("what is not over is left out, and is over only when the last has come", () => {
  expect(pastBuckets({ range: "1h" }, 60, 3_000, NOW)).toEqual({ from: "2026-11-23T06:39:00.000Z", to: "2026-11-23T07:39:00.000Z", points: 60 });
  const just = Date.parse("2026-11-23T07:40:01.000Z");
  expect(pastBuckets({ range: "1h" }, 60, 3_000, just).to).toBe("2026-11-23T07:39:00.000Z");
});
