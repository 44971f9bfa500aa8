import { expect, test } from "vitest";
import { traceFile, tracesFile } from "./downloads";

const window = () => ({ from: "2026-11-26T12:00:00Z", to: "2026-11-26T13:00:00Z" });

test("a trace has an address of its own", () => {
  expect(new URL(traceFile("5b8aa5a2d2c872e8321cf37308d69df2"), document.baseURI).pathname).toBe("/api/v1/traces/5b8aa5a2d2c872e8321cf37308d69df2/export");
});

test("the address of a list has every filter and the time of the moment", () => {
  const address = new URL(tracesFile({ service: "api", attribute: ["a=1", "b>2"], sort: "-duration" }, window), document.baseURI);
  expect(address.pathname).toBe("/api/v1/export/traces");
  expect([...address.searchParams]).toEqual([
    ["service", "api"],
    ["attribute", "a=1"],
    ["attribute", "b>2"],
    ["sort", "-duration"],
    ["from", "2026-11-26T12:00:00Z"],
    ["to", "2026-11-26T13:00:00Z"],
  ]);
});
