import { expect, test } from "vitest";
import { formatEnergy, formatGpuTime, formatUsd } from "./money";

test.each([
  [0, "$0"],
  [0.00000012, "$0.00000012"],
  [0.0042, "$0.0042"],
  [0.00997, "$0.01"],
  [0.84, "$0.84"],
  [12.3, "$12.30"],
  [999.4, "$999.40"],
  [1204.4, "$1,204"],
  [123_456, "$123k"],
])("%d dollars are %s", (usd, text) => {
  expect(formatUsd(usd)).toBe(text);
});

test.each([
  [0, "0 J"],
  [840, "840 J"],
  [35_000, "35 kJ"],
  [360_000, "0.1 kWh"],
  [3.6e6 * 412, "412 kWh"],
  [3.6e9 * 7.34, "7.3 MWh"],
])("%d J are %s", (joules, text) => {
  expect(formatEnergy(joules)).toBe(text);
});

test.each([
  [0.25, "0.25 s"],
  [60, "1 min"],
  [1800, "30 min"],
  [3600 * 36.5, "36.5 h"],
])("%d s of a GPU are %s", (seconds, text) => {
  expect(formatGpuTime(seconds)).toBe(text);
});
