import { expect, test } from "vitest";
import { readEngines } from "./search";

test("an address says engine, step and range, and nothing that is not one", () => {
  expect(readEngines({ engine: "engine-a-0", step: "17", range: "15m", other: "x" })).toEqual({ engine: "engine-a-0", step: 17, range: "15m" });
  expect(readEngines({ engine: " ", step: "first" })).toEqual({});
});
