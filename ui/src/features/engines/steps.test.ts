import { expect, test } from "vitest";
import { rider, step } from "./sample";
import { nameOf, shown, summarise, toCharts } from "./steps";

const START = Date.parse("2026-11-23T07:00:00Z");
const STEPS = [
  step(1, 0, 80, [rider("a", 100, 100), rider("b")]),
  step(2, 100, 10, [rider("a"), rider("b")], { preempted_ids: ["c"], waiting: 3 }),
  step(3, 190, 10, [rider("a")]),
];

test("steps become bars that last as long as they do, prefill on decode", () => {
  const [batch, tokens, duration, cache, waiting, preemptions] = toCharts(STEPS);
  expect([...batch!.series.starts]).toEqual([START, START + 100, START + 190]);
  expect([...batch!.series.ends]).toEqual([START + 80, START + 110, START + 200]);
  expect([...batch!.series.lines[0]!.values]).toEqual([2, 2, 1]);
  expect(tokens!.series.lines.map(({ label, values }) => `${label}: ${values.join()}`)).toEqual(["Decode: 1,2,1", "Prefill: 100,0,0"]);
  expect(duration!.format(duration!.series.lines[0]!.values[0]!)).toBe("80.0 ms");
  expect(cache!.top).toBe(1);
  expect([...waiting!.series.lines[0]!.values]).toEqual([0, 3, 0]);
  expect([...preemptions!.series.lines[0]!.values]).toEqual([0, 1, 0]);
  expect(preemptions!.empty).toBe(false);
  expect(toCharts([STEPS[0]!])[5]!.empty).toBe(true);
});

test("steps come to a rate, a median and the busy share", () => {
  expect(summarise(STEPS)).toEqual({ steps: 3, medianMs: 10, tokensPerSecond: 104 / 0.2, busy: expect.closeTo(0.5), preemptions: 1 });
  expect(summarise([])).toBeUndefined();
});

test("a moving range is fitted to its steps, a chosen one only where it was not read to its start", () => {
  const range = { from: START - 1_000, to: START + 5_000 };
  expect(shown(STEPS, range, { moving: true, cut: false })).toEqual({ from: START, to: START + 200 });
  expect(shown(STEPS, range, { moving: false, cut: false })).toEqual(range);
  expect(shown(STEPS, range, { moving: false, cut: true })).toEqual({ from: START, to: START + 5_000 });
  expect(shown([], range, { moving: true, cut: false })).toEqual(range);
});

test("an engine is named by its model, and by the end of a long id", () => {
  const known = { ...STEPS[0]!.engine, model: "org/qwen", step_count: 3, first_seen: "", last_seen: "" };
  expect(nameOf(known.engine_id, [known])).toBe("qwen engine-a-0");
  const long = { ...known, engine_id: "1795717677520264889-0" };
  expect(nameOf(long.engine_id, [known, long])).toBe("qwen …264889-0");
  expect(nameOf(long.engine_id, [])).toBe("…264889-0");
});
