/** Values over time as a chart takes them, and the arithmetic of looking at them. */
import type { Stretch } from "./clock";

export type Line = {
  label: string;
  color: string;
  /** NaN where there is nothing. */
  values: Float64Array;
  low?: Float64Array;
  high?: Float64Array;
};

export type Series = {
  /** Unix ms, in order; what a value stands for lasts from start to end. */
  starts: Float64Array;
  ends: Float64Array;
  lines: Line[];
  /** Bars stand on one another. */
  shape: "line" | "bars";
};

export const isEmpty = ({ lines }: Series) => lines.every(({ values }) => values.every(Number.isNaN));

/** The place of the value at a moment, or of the nearest within `reach` ms; -1 when there is none. */
export function placeAt({ starts, ends }: Series, at: number, reach: number): number {
  const after = firstAfter(starts, at);
  const away = (place: number) => (place < 0 || place >= starts.length ? Infinity : Math.max(starts[place]! - at, at - ends[place]!, 0));
  const nearest = away(after - 1) <= away(after) ? after - 1 : after;
  return away(nearest) <= reach ? nearest : -1;
}

/** Part of a chart's width beside a value that still means it. */
const REACH = 0.024;

/** The place of the value that a pointer at a moment means, which the chart then says; -1 for none. */
export const placeUnder = (series: Series, at: number, { from, to }: Stretch) => placeAt(series, at, (to - from) * REACH);

/** How many starts are at or before a moment. */
function firstAfter(starts: Float64Array, at: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What is further apart than this is not joined by a line: three times the usual distance. */
export function gapOf({ starts }: Pick<Series, "starts">): number {
  const distances = Float64Array.from({ length: Math.max(starts.length - 1, 0) }, (_, place) => starts[place + 1]! - starts[place]!).toSorted();
  return 3 * (distances[distances.length >> 1] ?? Infinity);
}

/** The largest value to draw; bars stand on one another. */
export function highest({ lines, shape }: Series): number {
  const length = lines[0]?.values.length ?? 0;
  let most = 0;
  for (let place = 0; place < length; place++) {
    const found = lines.map(({ values, high }) => high?.[place] ?? values[place]!).filter((value) => !Number.isNaN(value));
    most = Math.max(most, shape === "bars" ? found.reduce((sum, value) => sum + value, 0) : Math.max(0, ...found));
  }
  return most;
}

/** A round number at or above the value, of which half is one too. */
export function roundTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 6, 8, 10].find((digit) => digit * power >= value * (1 - 1e-9))! * power;
}
