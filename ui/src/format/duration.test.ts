import { expect, test } from "vitest";
import { formatMs, formatNs, formatTick, parseMs } from "./duration";

test.each([
  [0, "0 ns"],
  [999, "999 ns"],
  [999.6, "1.00 µs"],
  [12_543, "12.5 µs"],
  [999_600, "1.00 ms"],
  [182_400_000, "182 ms"],
  [1_250_000_000, "1.25 s"],
  [59_994_000_000, "60.0 s"],
  [125_000_000_000, "2m 05s"],
  [7_260_000_000_000, "2h 01m"],
])("%d ns reads %s", (ns, text) => expect(formatNs(ns)).toBe(text));

test("milliseconds keep their microseconds", () => expect(formatMs(0.0009)).toBe("900 ns"));

test.each([
  [250_000_000, 50_000_000, 900_000_000, "250 ms"],
  [1_250_000_000, 50_000_000, 2_000_000_000, "1.25 s"],
  [1_250_000_400, 200, 900, "1250000400 ns"],
  [20_500, 500, 3_000, "20.5 µs"],
  [0, 20, 100, "0 ns"],
])("tick at %d, step %d, over %d reads %s", (ns, step, span, text) => expect(formatTick(ns, step, span)).toBe(text));

test.each([
  ["250", 250],
  ["250ms", 250],
  ["1.5 s", 1500],
  ["2m", 120_000],
  ["40µs", 0.04],
  [".5s", 500],
  ["", undefined],
  ["fast", undefined],
  ["5 parsecs", undefined],
])("%s is %s ms", (text, ms) => expect(parseMs(text)).toBe(ms));
