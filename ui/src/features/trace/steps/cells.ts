/** Arithmetic of a strip on the axis: cells in pixels, and the step at a moment. */
import { toFraction, type Window } from "@/charts/scale";
import type { Strip } from "./strips";

export type Cell = {
  /** Pixels. */
  left: number;
  width: number;
  /** The largest among the steps in it. */
  batch: number;
  /** Shares, 0 to 1, weighed by the time of the steps in it. */
  ownPrefill: number;
  otherPrefill: number;
  preempted: boolean;
  /** Steps in it. */
  steps: number;
};

/** Steps as cells of at least a pixel: narrower ones share the pixel they begin in, none is left out. */
export function cellsIn(strip: Strip, window: Window, width: number): Cell[] {
  const cells: Cell[] = [];
  let weight = 0; // ns in the last cell, 0 when it takes no more
  const visible = firstAfter(strip.end, window.start);
  for (let at = visible; at < strip.steps.length && strip.start[at]! < window.end; at++) {
    const left = toFraction(window, strip.start[at]!) * width;
    const right = toFraction(window, strip.end[at]!) * width;
    const length = Math.max(strip.end[at]! - strip.start[at]!, 1);
    const last = cells.at(-1);
    if (right - left >= 1) {
      cells.push(cellOf(strip, at, left, right - left));
      weight = 0;
    } else if (last && weight > 0 && last.left === Math.floor(left)) {
      merge(last, weight, cellOf(strip, at, 0, 0), length);
      weight += length;
    } else {
      cells.push(cellOf(strip, at, Math.floor(left), 1));
      weight = length;
    }
  }
  return cells;
}

const cellOf = (strip: Strip, at: number, left: number, width: number): Cell => ({
  left,
  width,
  batch: strip.steps[at]!.batch_size,
  ownPrefill: strip.ownPrefill[at]!,
  otherPrefill: strip.otherPrefill[at]!,
  preempted: strip.preempted[at] === 1,
  steps: 1,
});

function merge(into: Cell, weight: number, from: Cell, length: number) {
  const mean = (one: number, other: number) => (one * weight + other * length) / (weight + length);
  into.batch = Math.max(into.batch, from.batch);
  into.ownPrefill = mean(into.ownPrefill, from.ownPrefill);
  into.otherPrefill = mean(into.otherPrefill, from.otherPrefill);
  into.preempted ||= from.preempted;
  into.steps += 1;
}

/** The step at a moment, else the nearest within reach; a preempted one in reach comes first. -1 when there is none. */
export function stepAt(strip: Strip, ns: number, reach: number): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let at = firstAfter(strip.end, ns - reach); at < strip.steps.length && strip.start[at]! <= ns + reach; at++) {
    const away = Math.max(strip.start[at]! - ns, ns - strip.end[at]!, 0) - (strip.preempted[at] === 1 ? 2 * reach : 0);
    if (away < least) [best, least] = [at, away];
  }
  return best;
}

/** From when to when the request stood by after each preemption, in ns. */
export function waitsOf({ preempted, start, end }: Strip): [from: number, to: number][] {
  return [...preempted.keys()].filter((at) => preempted[at] === 1 && at + 1 < start.length).map((at) => [end[at]!, start[at + 1]!]);
}

/** Index of the first value above a bound, in ascending ones. */
function firstAfter(values: Float64Array, bound: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
