import { expect, test } from "vitest";
import { formatAgo, formatExact, formatShortDay, formatTime, toMs, toNs } from "./time";

test("nanoseconds survive", () => {
  expect(toNs("2026-11-23T07:39:01.123456789Z") - toNs("2026-11-23T07:39:01.123456780Z")).toBe(9n);
  expect(toNs("1970-01-01T00:00:01Z")).toBe(1_000_000_000n);
});

test("a number of ms keeps the microseconds", () => {
  expect(toMs("2026-11-23T07:39:01.123456789Z") - toMs("2026-11-23T07:39:01Z")).toBeCloseTo(123.457, 3);
  expect(toMs("1970-01-01T00:00:01.5Z")).toBe(1_500);
});

test("clock time has milliseconds, exact time has nanoseconds and a zone", () => {
  expect(formatTime("2026-11-23T07:39:01.123456789Z")).toMatch(/^\d\d:39:01\.123$/);
  expect(formatExact("2026-11-23T07:39:01.123456789Z")).toMatch(/^2026-11-2\d \d\d:39:01\.123456789 UTC/);
});

test("a day is named unless it is today", () => {
  const now = new Date(2026, 10, 23, 9);
  expect(formatShortDay(new Date(2026, 10, 23, 1), now)).toBe("");
  expect(formatShortDay(new Date(2026, 10, 22, 23), now)).toBe("Nov 22");
  expect(formatShortDay(new Date(2025, 10, 22), now)).toBe("Nov 22, 2025");
});

test.each([
  [1, "just now"],
  [42, "42 s ago"],
  [200, "3 min ago"],
  [7200, "2 h ago"],
  [180_000, "2 d ago"],
  [-90, "in 1 min"],
])("%d seconds back reads %s", (seconds, text) => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  expect(formatAgo(new Date(now - seconds * 1000).toISOString(), now)).toBe(text);
});
