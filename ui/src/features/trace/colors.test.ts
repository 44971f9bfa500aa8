import { expect, test } from "vitest";
import { serviceColors } from "./colors";

test("a service keeps its colour from trace to trace, whatever the order", () => {
  const one = serviceColors(["vllm", "gateway", "rag"]);
  const other = serviceColors(["rag", "vllm", "gateway"]);
  expect([...one].toSorted()).toEqual([...other].toSorted());
  expect(serviceColors(["vllm"]).get("vllm")).toMatch(/^var\(--color-series-\d+\)$/);
});

test("up to ten services never share a colour", () => {
  const services = Array.from({ length: 10 }, (_, index) => `service-${index}`);
  expect(new Set(serviceColors(services).values()).size).toBe(10);
});
