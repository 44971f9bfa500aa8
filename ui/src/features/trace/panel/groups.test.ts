import { expect, test } from "vitest";
import { filterAttributes, groupAttributes } from "./groups";
import { writeJson, writeValue } from "./value";

const attributes = {
  "http.route": "/v1/chat",
  "gpu.10.label": "cuda:10",
  "gpu.2.label": "cuda:2",
  "gen_ai.request.model": "llama",
  "axonize.ttft_ms": 12.5,
  "cost.usd": 0.01,
  custom: 9007199254740993n,
};

test("attributes fall into their groups, in a fixed order, numbers by size", () => {
  expect(groupAttributes(attributes).map(({ title, attributes: own }) => [title, Object.keys(own)])).toEqual([
    ["GenAI", ["gen_ai.request.model"]],
    ["Axonize", ["axonize.ttft_ms", "cost.usd"]],
    ["GPU", ["gpu.2.label", "gpu.10.label"]],
    ["HTTP", ["http.route"]],
    ["Other", ["custom"]],
  ]);
});

test("names and values are filtered alike", () => {
  expect(Object.keys(filterAttributes(attributes, "LLAMA"))).toEqual(["gen_ai.request.model"]);
  expect(Object.keys(filterAttributes(attributes, "http"))).toEqual(["http.route"]);
  expect(Object.keys(filterAttributes(attributes, "740993"))).toEqual(["custom"]);
  expect(filterAttributes(attributes, " ")).toBe(attributes);
});

test("values keep their exact text", () => {
  expect(writeValue(9223372036854775807n)).toBe("9223372036854775807");
  expect(writeValue("plain")).toBe("plain");
  expect(writeValue([1, "a"])).toBe('[\n  1,\n  "a"\n]');
  expect(writeJson({ id: 9223372036854775807n, at: "9223372036854775807n" })).toBe(
    '{\n  "id": 9223372036854775807,\n  "at": "9223372036854775807n"\n}',
  );
});
