import { expect, test } from "vitest";
import { parseParams, stringifyParams } from "@/search-params";
import { rangeOf } from "@/time-range/address";
import { filtersOf, hasFilters, readSearch, withoutFilters, withRange } from "./search";

const read = (address: string) => readSearch(parseParams(address));

test("every filter survives the address", () => {
  const address = "?range=6h&service=gateway&model=meta/llama&gpu=GPU-1&status=error&setup=false&min=250&max=9000&q=chat&sort=-duration&live=1";
  const search = read(address);
  expect(search).toEqual({
    range: "6h",
    service: "gateway",
    gpu: "GPU-1",
    model: "meta/llama",
    status: "error",
    setup: "false",
    min: 250,
    max: 9000,
    q: "chat",
    sort: "-duration",
    live: true,
  });
  expect(stringifyParams(search)).toBe(address);
});

test("defaults and nonsense leave the address", () => {
  expect(read("?range=1h&sort=-start_time&status=maybe&setup=maybe&min=-3&max=fast&live=0&q=&service=")).toEqual({});
  expect(read("?range=forever")).toEqual({});
});

test("numbers that look like text stay text where text is meant", () => {
  expect(read("?q=1234").q).toBe("1234");
});

test("an absolute range wins over a relative one and needs both ends in order", () => {
  const from = "2026-11-23T07:00:00.000Z";
  const to = "2026-11-23T08:00:00.000Z";
  expect(rangeOf(read(`?range=6h&from=${from}&to=${to}`))).toEqual({ from, to });
  expect(rangeOf(read(`?from=${to}&to=${from}`))).toEqual({ range: "1h" });
  expect(withRange(read(`?from=${from}&to=${to}&q=a`), { range: "24h" })).toEqual({ range: "24h", q: "a" });
});

test("clearing the filters keeps range, sort and live", () => {
  const search = read("?range=6h&service=a&q=b&min=1&sort=duration&live=1");
  expect(hasFilters(search)).toBe(true);
  expect(withoutFilters(search)).toEqual({ range: "6h", sort: "duration", live: true });
  expect(hasFilters(withoutFilters(search))).toBe(false);
});

test("the query names what the server calls it", () => {
  expect(filtersOf(read("?min=5&max=10&status=ok&setup=false"))).toMatchObject({
    min_duration_ms: 5,
    max_duration_ms: 10,
    status: "ok",
    setup: false,
    sort: "-start_time",
  });
});
