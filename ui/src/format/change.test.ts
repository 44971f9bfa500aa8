import { expect, test } from "vitest";
import { changeOf } from "./change";

test.each([
  [112, 100, "+12 %"],
  [50, 100, "−50 %"],
  [100.2, 100, "+0.2 %"],
  [100.02, 100, "as before"],
  [2000, 100, "20 ×"],
  [0, 5, "−100 %"],
  [1, 0, undefined],
  [1, null, undefined],
  [undefined, 1, undefined],
])("%s after %s is %s", (value, before, text) => {
  expect(changeOf({ value, before })?.text).toBe(text);
});

test("shares differ in per cent points, also from nothing", () => {
  expect(changeOf({ value: 0.05, before: 0.01, isShare: true })?.text).toBe("+4 pp");
  expect(changeOf({ value: 0.004, before: 0, isShare: true })?.text).toBe("+0.4 pp");
});

test("what is notable is good or bad, where one is better", () => {
  const looks = ([1, -1, 0] as const).map((good) => [110, 102, 90].map((value) => changeOf({ value, before: 100, good })!.look));
  expect(looks).toEqual([
    ["good", "none", "bad"],
    ["bad", "none", "good"],
    ["none", "none", "none"],
  ]);
});
