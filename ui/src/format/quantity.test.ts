import { expect, test } from "vitest";
import { formatBytes, formatCelsius, formatDigits, formatJoules, formatMegahertz, formatPerSecond, formatRate, formatShare, formatWatts } from "./quantity";

test.each([
  [0, "0 %"],
  [0.001, "<1 %"],
  [0.634, "63 %"],
  [0.999, ">99 %"],
  [1, "100 %"],
])("a share of %d is %s", (share, text) => expect(formatShare(share)).toBe(text));

test.each([
  [0, "0 %"],
  [0.0004, "0.04 %"],
  [0.005, "0.5 %"],
  [0.12, "12 %"],
])("a rate of %d is %s", (share, text) => expect(formatRate(share)).toBe(text));

test.each([
  [0, "0"],
  [0.000_02, "<0.0001"],
  [0.004_23, "0.0042"],
  [0.843, "0.84"],
  [7.26, "7.3"],
  [7, "7"],
  [99.7, "100"],
  [12_800.4, "12,800"],
])("%d is written %s", (value, text) => expect(formatDigits(value)).toBe(text));

test("every quantity has its unit", () => {
  expect([7.31, 412.4, 5_600].map(formatWatts)).toEqual(["7.3 W", "412 W", "5.6 kW"]);
  expect([12, 81_000, 4.2e9].map(formatJoules)).toEqual(["12 J", "81 kJ", "4.2 GJ"]);
  expect([512, 80 * 2 ** 30, 1023.9 * 2 ** 20].map(formatBytes)).toEqual(["512 B", "80 GiB", "1 GiB"]);
  expect(formatCelsius(61.4)).toBe("61 °C");
  expect(formatMegahertz(1980)).toBe("1,980 MHz");
});

test.each([
  [0, "0/s"],
  [0.0031, "0.0031/s"],
  [0.384, "0.38/s"],
  [412.3, "412/s"],
  [31_693_989, "31.7M/s"],
  [1_600_000_000, "1.6B/s"],
])("%d a second is %s", (rate, text) => expect(formatPerSecond(rate)).toBe(text));
