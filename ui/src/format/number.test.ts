import { expect, test } from "vitest";
import { formatCompact, plural } from "./number";

test.each([
  [0, "0"],
  [9_812, "9,812"],
  [12_400, "12.4k"],
  [120_000, "120k"],
  [999_499, "999k"],
  [1_000_000, "1M"],
  [1_240_000, "1.2M"],
  [999_500_000, "1B"],
  [18_400_000_000, "18.4B"],
  [2_500_000_000_000, "2.5T"],
])("%d reads %s", (count, text) => expect(formatCompact(count)).toBe(text));

test("one is singular", () => expect([plural(1, "span"), plural(2, "span")]).toEqual(["1 span", "2 spans"]));
