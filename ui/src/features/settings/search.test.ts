import { expect, test } from "vitest";
import { readSettings } from "./search";

test("the tenant is kept, everything else is not", () => {
  expect(readSettings({ tenant: "acme", other: "x" })).toEqual({ tenant: "acme" });
  expect(readSettings({ tenant: "" })).toEqual({});
  expect(readSettings({ tenant: 7 })).toEqual({});
});
