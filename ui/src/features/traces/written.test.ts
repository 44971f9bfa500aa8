import { expect, test } from "vitest";
import { parseParams } from "@/search-params";
import { boxOf, readSearch, withinBox, withRange, withWritten, writeBox } from "./search";
import { chipsOf, otherChips, termsOf, withTerms, writeFilters, writeTerm } from "./written";

const read = (address: string) => readSearch(parseParams(address));
const BOX = { from: Date.parse("2026-11-23T07:00:00Z"), to: Date.parse("2026-11-23T07:05:00Z"), min: 0.881744, max: 1_073.741824 };

test("every filter is written as the server reads it", () => {
  expect(writeFilters(read("?service=api&model=my model&status=error&setup=false&min=2000&max=2500.5&q=chat done&filter=app.tier:pro"))).toBe(
    'service:api model:"my model" status:error setup:false duration>=2s duration<=2500.5ms app.tier:pro chat done',
  );
  expect(writeFilters(read("?min=90000&max=0.000123&q=a=b"))).toBe('duration>=90s duration<=0.123us "a=b"');
  expect(writeFilters({ service: 'a "b"', gpu: "*" })).toBe(String.raw`service:"a \"b\"" gpu:"*"`);
  expect(writeFilters({ max: 1_073.741823 })).toBe("duration<=1073741.823us");
  expect(writeFilters({})).toBe("");
});

test("terms are quoted where they must be", () => {
  expect(writeTerm("app.tier", ":", "two words")).toBe('app.tier:"two words"');
  expect(writeTerm("status", ":", "=x")).toBe('"status":"=x"');
  expect(writeTerm("n", ">=", "5")).toBe("n>=5");
  expect(termsOf('app.tier:"two words" "a key":x n>=5')).toEqual(['app.tier:"two words"', '"a key":x', "n>=5"]);
});

test("a filter is added once, and each chip takes away its own", () => {
  const search = withTerms(withTerms(read("?service=api"), ["a:1", "b:2"]), ["a:1"]);
  expect(search.filter).toBe("a:1 b:2");
  const chips = chipsOf({ ...search, box: writeBox(BOX) });
  expect(chips.map(({ label }) => label).slice(0, 3)).toEqual(["service: api", "a:1", "b:2"]);
  expect(chips[1]!.without).toEqual({ service: "api", filter: "b:2", box: writeBox(BOX) });
  expect(chips[3]!.without).toEqual(search);
  expect(otherChips(search)).toHaveLength(2);
  expect(otherChips(read("?setup=true&q=a"))).toEqual([{ label: "set-up", without: { q: "a" } }]);
  expect(chipsOf(read("?setup=false")).map(({ label }) => label)).toEqual(["no set-up"]);
});

test("what the server read takes the place of what was there", () => {
  const box = writeBox(BOX);
  const next = withWritten({ ...read("?range=6h&service=old&q=old&min=1"), box }, { service: "api", setup: true, attributes: ["a:1", "b:2"], min_duration_ms: 2000 });
  expect(next).toEqual({ range: "6h", service: "api", setup: "true", filter: "a:1 b:2", min: 2000, box });
});

test("a box survives the address, narrows the list, and goes with its range", () => {
  const search = read(`?min=1&box=${writeBox(BOX)}`);
  expect(boxOf(search)).toEqual(BOX);
  expect(withinBox(search)).toEqual({ from: "2026-11-23T07:00:00.000Z", to: "2026-11-23T07:05:00.000Z", min: 1, max: 1_073.741823 });
  expect(withRange(search, { range: "6h" })).toEqual({ range: "6h", min: 1 });
  expect(read("?box=noon~1~2~3").box).toBeUndefined();
});
