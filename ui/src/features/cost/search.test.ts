import { expect, test } from "vitest";
import { readCost } from "./search";

test("an address says what to add up by and the range, and nothing that is not one", () => {
  expect(readCost({ by: "gpu", range: "6h", other: "x" })).toEqual({ by: "gpu", range: "6h" });
  expect(readCost({ by: "model" })).toEqual({});
  expect(readCost({ by: "host" })).toEqual({});
});
