import { expect, test } from "vitest";
import { readView, readZoom, writeZoom } from "./view";

const START = 1_764_153_239_123_456_789n;

test("a zoom is written in absolute time, to the nanosecond", () => {
  const text = writeZoom({ start: 1, end: 2_000_000_003 }, START);
  expect(text).toBe("1764153239123456790-1764153241123456792");
  expect(readZoom(text, START)).toEqual({ start: 1, end: 2_000_000_003 });
  expect(readZoom(text, START - 5n)).toEqual({ start: 6, end: 2_000_000_008 });
});

test("small numbers count from the start of the trace", () => {
  expect(readZoom("5-900", START)).toEqual({ start: 5, end: 900 });
});

test("what is no zoom is none", () => {
  for (const text of [undefined, "", "9-5", "5-5", "a-b", "5", "-5-9", "1-99999999999999999999"]) expect(readZoom(text, START)).toBeUndefined();
});

test("an address says only what is known", () => {
  expect(readView({ why: "path", as: "flame", only: "1", gpus: "no", span: "" })).toEqual({ why: "path", as: "flame", only: true });
  expect(readView({ why: "no", as: "tree" })).toEqual({});
});
