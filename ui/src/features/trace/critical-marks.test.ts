import { expect, test } from "vitest";
import { inSight } from "./critical-marks";

test("stretches are cut to the window, and joined where no pixel is between them", () => {
  const stretches = [
    [0, 10],
    [10.5, 20],
    [60, 70],
    [95, 200],
    [300, 400],
  ].map(([start, end]) => ({ index: 0, start: start!, end: end! }));
  expect(inSight(stretches, { start: 5, end: 105 }, 100)).toEqual([
    [0, 0.15],
    [0.55, 0.65],
    [0.9, 1],
  ]);
});
