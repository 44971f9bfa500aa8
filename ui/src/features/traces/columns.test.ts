import { expect, test } from "vitest";
import { columnsOf, withColumn } from "./columns";

const names = (chosen: string | undefined) => columnsOf(chosen).map(({ id }) => id);

test("without a choice the usual columns are shown", () => {
  expect(names(undefined)).toEqual(["start", "trace", "service", "model", "status", "duration", "ttft", "tokens", "spans", "errors"]);
});

test("a choice is kept in the order of the table, and the usual one leaves the address", () => {
  const without = withColumn(undefined, "model", false);
  expect(without).toBe("start,trace,service,status,duration,ttft,tokens,spans,errors");
  expect(withColumn(without, "id", true)).toBe(`${without},id`);
  expect(withColumn(without, "model", true)).toBeUndefined();
  expect(names("duration,nonsense")).toEqual(["trace", "duration"]);
});
